// Making a TVIEW exact while others write it, in many short transactions.
//
// The TVIEW carries the mark `building` (catalog/state.hpp): writers maintain the documents they touch, whether the others are
// there or not.  Three kinds of steps follow, each a transaction of its own:
//   begin    every writer captures from its commit on.  A new TVIEW: its triggers were made under a lock that waits for those
//            who have written.  A suspended one: the skip lock waits for those who have skipped (queue/skipping.hpp).
//            `suspended` and `stale` give way to `building` here.
//   list     on a snapshot taken after that: the keys of the documents that differ from the query
//   batch    some keys: locks their documents, or all if they are many, as a flush does, compares them on a snapshot taken then,
//            and writes what differs
//   end      the mark goes
//
// Claim: when the mark is gone, no document differs but for what `suspended` or `stale` tells, marks added meanwhile, which the end
// leaves alone.  A document that is right in the list's snapshot is made wrong only by a transaction that the snapshot does not
// show; it commits after `begin`, so it captured its writes, or has left a mark, and its flush rebuilds the document.  A document that
// is wrong there is in the list.  Its batch has changed no base row, so, of the cases in locks.hpp, only (1) is left: batch
// and a writer that reaches the document meet at its document lock, and whoever comes second sees the other.  A flush that compares
// everything excludes a batch by the TVIEW's own lock.
//
// A failure leaves the mark, and what has been done: the TVIEW is maintained and incomplete until a resume, or is dropped.
#pragma once

#include <string>

#include "pg/transactions.hpp"
#include "refresh/differences.hpp"

namespace tviews::refresh {

enum class List {
    all,            // every key of the query: a TVIEW that has just been made
    differing       // only where the TVIEW differs from it
};

// The same number.  Raises: 22023 if it is below 1.
int checked_batch(int batch);

// `list`, `batch` and `end` for a TVIEW with this mark, `batch` keys at a time.  Returns what was written.  Raises as rebuild() does.
Written fill_in_batches(pg::Transactions &transactions, Oid table, const std::string &mark, List list, int batch);

}  // namespace tviews::refresh
