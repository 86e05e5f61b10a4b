// Writing documents that differ, in the order delete, update, insert, as the owner but unrestricted.
//
// They go straight through the table's access method (table_writer.hpp) where that does; where the table has triggers of others,
// columns of its own or the like, one statement per row is run.  Not here: which documents differ (differences.hpp).
#pragma once

#include "refresh/differences.hpp"

namespace tviews::refresh {

// Raises: what constraints and triggers of the table raise; 40001 where another session has changed a row.
void write_differences(catalog::Compiled &tview, Differences &differences, Moment moment);

}  // namespace tviews::refresh
