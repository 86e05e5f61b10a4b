// Comparing shared values (analyze/shared_values.hpp) before and after: may a change have reached any document at all?
//
// Before: the same snapshot as after, with a command id of zero, which sees what others have committed and nothing of our own.
// That is what the documents were made from: whoever changes a table of a shared value flushes the TVIEW and holds its lock
// exclusively until its end; so do we, and nobody else's change can be in between.  It stops being true within this
// transaction once a flush has compared everything or ran in the middle of a statement that writes, or a queue was applied: the documents
// may then be made from a value in between.
// Such a TVIEW is compared in full again.  So is one that this transaction has made, for the same reason, and one of which a table was
// rewritten or truncated, which a snapshot does not undo.
#pragma once

#include "refresh/walk.hpp"

namespace tviews::refresh {

// Whether all seeds that cannot be walked go into shared values, and these are what they were.  Needs an SPI session, the TVIEW's
// pinned settings and its exclusive lock.
bool shared_values_hold(catalog::Compiled &tview, const SeedList &seeds, Moment moment);

}  // namespace tviews::refresh
