// Rebuilding: comparing stored documents with the defining query and writing what differs, in the order delete, update,
// insert.
#pragma once

#include "catalog/compiled.hpp"
#include "refresh/differences.hpp"
#include "refresh/walk.hpp"

namespace tviews::refresh {

// The planner does not know what building a document costs, which one pass does not save; measured, a lookup per key costs
// twice as much per document where the planner thinks eight times.
constexpr double document_factor = 4;

// Brings the documents found up to date.  Needs an SPI session, the TVIEW's lock and its pinned settings in force.
// Raises: 23505 if the query gives two rows for one key, 23502 if it gives none, 40001 where another transaction's
// document cannot be seen; and whatever the query raises, with the TVIEW in its context.
Written rebuild(catalog::Compiled &tview, Found &found, Moment moment);

}  // namespace tviews::refresh
