// A step of a walk by an index of the table it comes to, without SQL: for rows that an equality of columns leads to few others.
//
// Not here: which steps have such an index (step_index in catalog/compile.cpp), and steps of other kinds (walk.cpp).
#pragma once

#include <optional>

#include "catalog/compiled.hpp"
#include "pg/row_set.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// The rows that the stage's step finds for these, as its statement would give them: the next stage's columns, what the rows carry behind
// their stage's, then the columns that are picked up.  None if only SQL may read the table, or if there is no index.
std::optional<pg::RowSet> step_by_index(const catalog::Compiled &tview, std::size_t stage, const pg::RowSet &rows,
                                        const std::vector<AttrNumber> &picked_up, Moment moment);

}  // namespace tviews::refresh
