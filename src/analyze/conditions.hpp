// Conditions and hops: which conjuncts of the query link two occurrences, and in which directions they may be walked.
#pragma once

#include "analyze/scope.hpp"
#include "model/query.hpp"

namespace tviews::analyze {

// Fills analysis.conditions, .hops and .obstacles from the scopes.
void find_hops(const ScopeTree &tree, model::Analysis &analysis);

}  // namespace tviews::analyze
