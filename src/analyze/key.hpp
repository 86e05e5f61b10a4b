// The key: which occurrences give the values of the TVIEW's key columns.
#pragma once

#include <string>
#include <vector>

#include "analyze/scope.hpp"
#include "model/query.hpp"

namespace tviews::analyze {

// Fills analysis.key and .alternatives for the output columns named in `key`.  Takes the tree's grouping sets apart, so it
// comes last.
void find_key(const ScopeTree &tree, const std::vector<std::string> &key, model::Analysis &analysis);

}  // namespace tviews::analyze
