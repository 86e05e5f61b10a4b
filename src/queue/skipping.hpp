// States of a TVIEW: whose writes are not maintained, and why a TVIEW without a mark is exact nevertheless.
//
// A write is *skipped* for a TVIEW that is suspended for the whole database (a mark, catalog/state.hpp) or by its session
// (pg_tviews.suspended): it makes no seeds.  A TVIEW may then differ from its query, and its marks say so, in the same snapshot.
// Three rules:
//   (1) Whoever skips holds the TVIEW's *skip lock* shared to the end of its transaction, prepared ones included, and looks for
//       marks only when it has the lock.  It skips if there is `suspended`, or if its session is told to; and unless there is
//       `suspended` or `stale` now, and its own snapshot shows one too, it adds `stale` in the same transaction.
//   (2) `suspended` and `stale` are taken away only by a resume, which has the skip lock exclusively, to the end of its transaction.
//   (3) After that, in the same transaction, a resume takes the TVIEW's own lock exclusively (refresh/locks.hpp) and compares
//       everything on a snapshot taken then.  (One in batches leaves the mark `building` and compares later: refresh/batches.hpp.)
//
// Claim: whoever sees no mark in its snapshot sees no skipped write that the TVIEW lacks.  Let W be a transaction that skipped
// and whose writes the snapshot shows.  If W is the reader itself, (1) has shown it a mark.  Else, by (1), a mark was there before W
// ended, and committed with W at the latest.  If the snapshot does not show it, it shows the resume that took it away.  By (2) this
// resume had the lock after W had ended, so by (3) it looked with a snapshot that shows W, and corrected what W had left.
//
// Interleavings with a resume R, at every isolation level, since marks, seeds and comparisons go by the latest snapshot:
//   W skips, then R             R waits at the skip lock until W has ended; see the claim
//   R has or awaits the lock    W does not wait: it captures as if nothing was suspended.  Its flush meets R, as any flush meets one that
//                               compares everything: before R's comparison R sees it, after it W rebuilds on top of R's
//   R has committed, W's cache says suspended     W gets the lock, looks again, finds no mark, and captures
//   R rolls back                the marks are back; what W captured is maintained, which does no harm
//   W's savepoint rolled back   its lock and its mark are gone with its writes; the next skipped write takes both again
//   W captured, then S suspends W flushes at commit all the same, which does no harm
//   S suspends, not committed   others capture; S itself skips, under (1), with its own mark
// A suspend takes the skip lock shared, so that it comes before a resume or after it and never finds a mark that is about to go.
//
// Other states: seeds of a `building` TVIEW are captured as ever: refresh/batches.hpp.  A TVIEW over a suspended one reads its
// table, and is equal to its query over that; a resume writes the table, which makes seeds as any flush does.
#pragma once

#include "pg/guard.hpp"

namespace tviews::queue {

// Whether a write that the running transaction makes now is skipped for this TVIEW.
bool skips(Oid tview);

// The whole TVIEW may have changed: compares it in full at the next flush, unless that is skipped.
void note_everything(Oid tview);

// The skip lock; to the end of the transaction.
void lock_against_resume(Oid tview);
void lock_against_skipping(Oid tview);

// After its marks have been taken away.
void forget_skipped(Oid tview);

}  // namespace tviews::queue
