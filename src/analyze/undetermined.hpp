// What a defining query leaves open: places where PostgreSQL may choose between several right answers.
//
// LIMIT or row_number() among ties, array_agg() without ORDER BY, UNION of values that are equal but not identical: a rebuild may
// choose otherwise than the last one did, and both are right.  Finds the places and the output columns they reach.  Looks at
// unique indexes (decided.hpp), so it is asked for when somebody wants to know and is no part of the analysis that routes
// come from.  Errs on the side of a place too many.
#pragma once

#include <string>
#include <vector>

#include "analyze/functions.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

// How far two right values of a column can differ: not at all; in their image though they are equal; in the order of array
// elements inside; in anything.
enum class Open { no, image, order, any };

struct Undetermined {
    std::vector<std::string> places;      // for people, without repetition; none if nothing of it shows
    std::vector<std::string> hints;       // how to determine them
    std::vector<Open> columns;            // by output column
    bool rows = false;                    // which rows there are is open too
    bool empty() const { return places.empty(); }
};

Undetermined find_undetermined(const Query *query, const Environment &environment);

}  // namespace tviews::analyze
