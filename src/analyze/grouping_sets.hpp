// GROUPING SETS, ROLLUP and CUBE at the top: one query per grouping set, as far as the key is concerned.
//
// An output row comes from one set.  There, grouping columns outside of the set are NULL and GROUPING() is a constant, so
// COALESCE(fk_user, -1) is fk_user in the one set and -1 in the other.  Not here: tracing the key (key.cpp).
#pragma once

#include <vector>

#include "analyze/scope.hpp"

namespace tviews::analyze {

// Whether two grouping columns are one and the same column of a subquery.  Up to version 17 PostgreSQL takes either for the other once it
// has pulled the subquery up, also in a set that has only one of them, and then shows a value where NULL should be.
bool has_twin_grouping_columns(const Scope *scope);

// For each grouping set, what the output expression is in the rows that come from it; empty if the query has no grouping sets.
std::vector<Expr *> in_each_grouping_set(const Query *query, const TargetEntry *entry);

}  // namespace tviews::analyze
