// GROUPING SETS, ROLLUP and CUBE at the top: one query per grouping set, as far as the key is concerned.
//
// An output row comes from one set.  There, grouping columns outside of the set are NULL and GROUPING() is a constant, so
// COALESCE(fk_user, -1) is fk_user in the one set and -1 in the other.  Not here: tracing the key (key.cpp).
#pragma once

#include <vector>

#include "pg/guard.hpp"

namespace tviews::analyze {

// For each grouping set, what the output expression is in the rows that come from it; empty if the query has no grouping sets.
std::vector<Expr *> in_each_grouping_set(const Query *query, const TargetEntry *entry);

}  // namespace tviews::analyze
