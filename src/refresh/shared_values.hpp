// Comparing shared values (analyze/shared_values.hpp) before and after: may a change have reached any document at all?
//
// Before: the same snapshot as after, with a command id of zero, which sees what others have committed and nothing of our own.
// That is what the documents were made from: whoever changes a table of a shared value flushes the TVIEW and holds its lock
// exclusively until its end; so do we, and nobody else's change can be in between.  It stops being true within this
// transaction once a flush has compared everything: the documents may then be made from a value in between.  Such a TVIEW is
// compared in full again.  So it is where one of the tables was rewritten or truncated, which a snapshot does not undo.
#pragma once

#include <set>

#include "catalog/compiled.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// Whether one of these shared values differs, or might.  Needs an SPI session and the TVIEW's pinned settings and exclusive lock.
bool shared_values_differ(catalog::Compiled &tview, const std::set<int> &shared_values, Moment moment);

}  // namespace tviews::refresh
