// Shared values: what a part of the query that looks at nothing outside of it gives to every document alike.
//
// `(SELECT max(title) FROM tb_post)` reaches each document, so no route leads from a post to fewer than all.  But a change
// that leaves the maximum as it was changes none.  The part is an uncorrelated subquery, or the rows of one table that its own
// filters let through; the result depends on the tables inside through its rows alone, and their order where it has one.
// Not here: comparing them (refresh/shared_values.hpp).
#pragma once

#include "analyze/scope.hpp"

namespace tviews::analyze {

// Fills analysis.shared_values and the occurrences' share in them.  Needs the occurrences' filters and attributes.
void find_shared_values(const ScopeTree &tree, model::Analysis &analysis);

}  // namespace tviews::analyze
