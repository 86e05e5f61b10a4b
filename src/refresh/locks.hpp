// The locks of a flush: which flushes exclude each other, and why that makes documents exact.
//
// Locks are heavyweight locks in a lock space of their own (advisory tags whose fourth field is private; user advisory locks
// use 1 and 2), held to the end of the transaction, through PREPARE TRANSACTION too.  PostgreSQL's deadlock detector and
// pg_locks know them.
//
//   TVIEW      one tag.  A flush that walks holds it in RowExclusive, one that compares everything in Exclusive.
//   step       one tag per step of a walk (stages.hpp) and join value, in two modes that exclude each other and go with
//              themselves.  *Far* (Share): a transaction that walks across the step holds it for the join values it walks
//              with.  *Near* (RowExclusive): one that changed rows at which the step arrives holds it for their old and new
//              join values.  Who needs both takes ShareRowExclusive.
//   document   one tag per key, Exclusive, for every document before it is compared, there or not.
//
// Further tags: the skip lock keeps resumes of a suspended TVIEW and the writers that skip it apart (queue/skipping.hpp), the queue lock
// tells who applies a deferred TVIEW of the writers under way (deferred.hpp).
//
// Why every conflicting pair meets.  Take a combination of base rows that makes or made a part of document k, and two
// transactions that changed rows of it, one each at least.  The first walks from the row it changed nearest to the key.
// (1) The other changed no row on that way, and the same holds the other way round: both reach k, and meet at its document
// lock.  (2) The other changed a row on the way: the walk comes to the step that arrives at this row and asks for its join
// value far, while the other asks for the same value near.  Whoever comes second waits for the first to commit, looks with a
// snapshot taken after that, sees the other's rows, and rebuilds k.
//
// A row that is changed in no column a walk reads (`moved` is false, capture/row.cpp) takes no near tags: a walk across it arrives and
// goes on the same way whichever version it sees, so case (1) applies.  Its transaction reaches k by itself.
//
// Near tags of old join values are not needed for this.  Who walks with one before we commit still sees the old row and goes on
// from it to k, as we do from the row as it was: case (1).  After our commit the row is not there, and k, rebuilt, has no part of it.
// They make it wait at the step instead of at the documents behind it; test/model shows that all stays exact without them.
//
// Order: every relation a flush may touch, by OID, views too, but not the partitions and children of what it names, which may be very
// many; then TVIEWs by rank, then OID; in a TVIEW its own tag, then the steps in the order of the stages, far ends first, then documents; within a step or the documents, tags by number.  All flushes take
// their locks in this order, and within one round of a flush no tag is strengthened.  So transactions cannot deadlock over them
// of which each
//   - flushes at commit alone, in one round.  One that flushed before, because it read a TVIEW, or whose triggers on tv_* write base
//     tables, begins the order anew with tags in its hands, and may ask for a stronger mode: all documents, a whole step, the TVIEW;
//   - holds no table lock that a flush asks for (TRUNCATE, DDL, also of a partition);
//   - locks no rows in its flush but those of tv_* (by triggers or foreign keys on them).
// Others can, and PostgreSQL then ends one of them.
//
// Coarse: the lock table is small, so past pg_tviews.max_fine_locks a step is locked as a whole.  So is always one without an
// equality that has hash functions: a range, a closure (model/recursion.hpp).  A step has two whole tags, X and Y.  Fine far holds
// RowExclusive on X, fine near RowExclusive on Y; coarse far holds RowExclusive on X and Share on Y, coarse near Share on X and
// RowExclusive on Y; both ways coarse, ShareRowExclusive on both.  So coarse far excludes near, fine or coarse, and nothing else.
// Documents have one whole tag: RowExclusive fine, Exclusive coarse.  Whether a step is coarse is decided before its first tag is
// taken.  A changed shared value (shared_values.hpp) has no step: its flush holds the TVIEW in Exclusive, even to compare nothing.
//
// A walk that must give up half-way (too many rows, or a condition that fails) goes on to take the near tags of its seeds and
// then all documents, coarsely: as (1) for whoever reaches k, as (2) for whoever walks across its rows.
//
// Tags hash join values with the equality's own hash functions and collation, so that 5::int and 5::bigint meet; a collision only
// makes someone wait.  Numbers of steps follow from the definition alone; catalog::protocol_version changes with them.
#pragma once

#include <set>
#include <vector>

#include "catalog/compiled.hpp"

namespace tviews::refresh {

// Locks the relations that a flush of these TVIEWs reads, and the TVIEWs in a mode for what is done to them, in OID order.
void lock_relations(const std::vector<std::shared_ptr<catalog::Compiled>> &tviews, LOCKMODE mode = RowExclusiveLock);

// Locks these relations, their partitions and children, also those that come while it waits, by default against who writes them.
void lock_families(const std::set<Oid> &relations, LOCKMODE mode = ShareRowExclusiveLock);

// Which tags of a step or of the documents: those of some hashed values, or all.
struct Tags {
    bool all = false;
    std::vector<uint32> hashes;
    bool none() const { return !all && hashes.empty(); }
    void add(const Tags &other)
    {
        all |= other.all;
        hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
    }
};

// The locks of one flush of one TVIEW; take them in the order of the member functions, steps in the order of the stages.
class FlushLocks {
public:
    FlushLocks(Oid tview, bool everything);
    // Takes none: for a walk whose documents are looked at, not written.
    FlushLocks() : tview_(InvalidOid), exclusive_(true) {}

    // Whether steps and documents need no locks of their own.
    bool exclusive() const { return exclusive_; }

    void step(int stage, Tags far, Tags near);
    void documents(Tags tags);

private:
    void acquire(uint32 number, uint16 space, LOCKMODE mode) const;
    bool too_many(int level, std::size_t count) const;

    Oid tview_;
    bool exclusive_;
};

}  // namespace tviews::refresh
