// Outer joins that are inner joins in truth: SELECT … FROM a LEFT JOIN b ON … WHERE b.x > 0.
#pragma once

#include "pg/guard.hpp"

namespace tviews::analyze {

// Changes, in place, the types of outer joins of this query level whose null-extended rows a condition above them rejects.  The
// query gives the same rows as before, and more of its conditions can be walked (conditions.cpp).
void reduce_outer_joins(Query *query);

}  // namespace tviews::analyze
