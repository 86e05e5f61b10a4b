// The locks of a flush.
//
// Protocol, version 1: one exclusive lock per TVIEW, held from its flush to the end of the transaction, in a lock space
// of its own (advisory lock tags whose fourth field is private; user advisory locks use 1 and 2).
//
// Why it is exact.  Two transactions whose changes meet in one document both flush that document's TVIEW, so the second
// waits for the first to commit and then looks with a fresh snapshot, which contains the first one's base rows and
// documents.  Order: every relation a flush may touch first, by OID; then TVIEWs by rank, then OID.  All flushes take their
// locks in this order and hold no other engine lock, so they cannot deadlock with each other.
//
// Not here: locks finer than a TVIEW, which would let flushes of different documents go in parallel.
#pragma once

#include <vector>

#include "catalog/compiled.hpp"

namespace tviews::refresh {

// Locks all relations that a flush of these TVIEWs reads or writes, in OID order.
void lock_relations(const std::vector<std::shared_ptr<catalog::Compiled>> &tviews);

// Takes the TVIEW's lock; waits for every flush of it that has not committed.
void lock_tview(Oid table);

}  // namespace tviews::refresh
