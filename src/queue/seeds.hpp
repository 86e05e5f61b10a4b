// Seeds: what a transaction has changed and not yet carried into its TVIEWs, and what happens to it at savepoints.
//
//   capture adds         pending: per TVIEW and occurrence, the join values of old and new rows; where walks arrive at the
//                        occurrence, with the mark whether they moved: whether any of the values is old or new only
//   a flush takes        pending moves to *flushed*, marked with the transaction nesting level it ran at
//   subtransaction ends  commit hands the mark to the parent; abort forgets seeds that were all captured in it, and makes flushed
//                        ones pending again, because it took back the rows the flush wrote and the locks it held
//   transaction ends     everything goes
//
// Seeds of deferred and manual TVIEWs are kept apart, for no flush touches them: their keys go to pg_tview_queue when the transaction
// commits (refresh/deferred.hpp), or before DDL.  They are taken and reopened like the others.
//
// Where seeds from before a savepoint are kept, those captured in it stay among them though it is rolled back: they cost time, never
// correctness, for all they lead to is that documents are built again.  So it is for patches among them, too: the row a patch was made
// of may have moved in the savepoint, and the seeds of the move are forgotten.  At REPEATABLE READ and above flushed seeds are kept to be flushed again at commit, on the latest snapshot.  Not here:
// deciding when to flush (flush_points.cpp).
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <vector>

#include "catalog/compiled.hpp"
#include "pg/row_set.hpp"

namespace tviews::queue {

struct Seeds {
    pg::RowSet rows;
    std::vector<AttrNumber> columns;      // layout of rows, as compiled when they were captured; then the mark `moved`
    bool everything = false;
    std::set<AttrNumber> changed; // of a patch: the columns to set in the documents
    int level = 0;                // the outermost nesting level that any of it was captured at
    int innermost = 0;            // the innermost one
    bool undone = false;          // the outermost level was rolled back
    bool partly_undone = false;   // another one was
};

// `patch`: rows changed in nothing but columns that can be set in their documents (analyze/copies.hpp).
struct Slot {
    Oid tview;
    int occurrence;
    bool patch = false;
    friend auto operator<=>(const Slot &, const Slot &) = default;
};

using SeedMap = std::map<Slot, Seeds>;

// Keys of documents by the key columns they fix: usually one entry, all columns.  `everything` overrides.
struct Keys {
    bool everything = false;
    std::map<std::vector<int>, pg::RowSet> parts;

    // Adds these columns of the rows, leaving out rows with a NULL among them.  Returns whether there were any.
    bool add(const std::vector<int> &part, const pg::RowSet &rows, const std::vector<std::size_t> &columns);
    void add(const Keys &other);
};

class Queue {
public:
    // The running transaction's queue, made at first use; `exists` asks without making one.
    static Queue &current();
    static bool exists();
    // Forgets everything; at the end of the transaction.
    static void clear() noexcept;

    void add(const catalog::CaptureTarget &target, const Datum *values, const bool *nulls);
    // The same for a row whose columns `changed` are all that changed.
    void add_patch(const catalog::CaptureTarget &target, const Datum *values, const bool *nulls,
                   const std::vector<AttrNumber> &changed);
    void add_everything(const catalog::CaptureTarget &target);
    void add_everything(Oid tview, catalog::RefreshMode mode);

    bool has_pending();
    // Whether rows are among it, not only TVIEWs to compare in full.
    bool has_pending_rows();
    // Whether any is of a TVIEW in mode immediate.
    bool has_immediate();
    const SeedMap &pending() const { return pending_; }

    // Of TVIEWs in mode deferred or manual.
    bool has_queued();
    bool has_queued_rows();
    bool has_queued(Oid tview);
    std::vector<Oid> queued_tviews();
    std::vector<std::pair<Slot, const Seeds *>> queued(Oid tview);
    // A TVIEW's, moved to the flushed list at the current nesting level.
    std::vector<std::pair<Slot, const Seeds *>> take_queued(Oid tview);
    // Makes what was enqueued before DDL seeds again: an apply of this transaction is about to delete the keys, and others may miss its rows
    // until it commits.
    void requeue(Oid tview);
    // The TVIEW has another mode now: what is left of it, and what was enqueued before DDL, is flushed like any seeds.
    void unqueue(Oid tview);

    // The pending seeds of one TVIEW, moved to the flushed list at the current nesting level.
    std::vector<std::pair<Slot, const Seeds *>> take(Oid tview);

    // Puts the seeds of a TVIEW that is no more away: it is there again, and they with it, if what dropped it is rolled back.
    void forget(Oid tview);

    // After a flush that succeeded: drops flushed seeds that nothing can bring back.
    void settle(bool keep_for_commit);
    // Makes all flushed seeds pending again.
    void reopen_all();

    void subtransaction_committed(int level) noexcept;
    void subtransaction_aborted(int level) noexcept;

    // Documents written from the transaction's own snapshot (a read at REPEATABLE READ or above).  The walk at commit goes over
    // the latest rows and may not find them again, so they are compared whether it does or not.
    std::map<Oid, Keys> revisit;

    // Queues to apply at commit, above READ COMMITTED, and the documents compared on the transaction's snapshot, which may be older than
    // another session's apply; by the nesting level that asked for it.
    struct ToApply {
        explicit ToApply(int asked_at) : level(asked_at) {}
        int level;
        Keys keys;
    };
    std::map<Oid, ToApply> apply_at_commit;

    // TVIEWs this transaction has compared in full, beside its seeds, or on changes that were not captured; their documents may be made
    // from what no snapshot shows (shared_values.hpp).
    std::set<Oid> compared;
    // Whether the flush that runs may see changes of a statement under way, which are captured at its end.
    bool sees_uncaptured = false;

    // Tables this transaction has flushed, and the command id from which on a snapshot sees the last flush.
    std::set<Oid> flushed_tables;
    CommandId flush_command = 0;
    // TVIEWs for which this transaction has skipped writes, by the nesting level that holds lock and mark; see skipping.hpp.
    std::map<Oid, int> skipped;
    // Locks taken on single join values and documents, by TVIEW and level; see refresh/locks.cpp.
    std::map<std::pair<Oid, int>, std::size_t> fine_locks;
    // Nesting level of the flush that is running; 0 if none is.
    int flushing = 0;

    // TVIEWs with pending seeds and all that are defined over them.
    const std::set<Oid> &affected();

    // For monitoring: TVIEWs with pending seeds, and how many rows these are.
    const std::vector<Oid> &waiting();
    std::uint64_t waiting_rows();

private:
    struct Flushed {
        int level;
        bool reopened;
        bool queued;
        SeedMap seeds;
    };
    void absorb_aborts();
    template <class Visit>
    void each_seeds(const Visit &visit) noexcept;
    void slots_changed();
    Seeds &slot(const catalog::CaptureTarget &target, bool patch = false);
    void add_row(const catalog::CaptureTarget &target, Seeds &seeds, const Datum *values, const bool *nulls);
    void merge(SeedMap &seeds_of, SeedMap &&seeds);
    std::vector<std::pair<Slot, const Seeds *>> take_from(SeedMap &seeds_of, Oid tview, bool queued);

    SeedMap pending_;
    SeedMap queued_;
    bool immediate_ = false;      // some of pending_ may be
    std::list<Flushed> flushed_;
    std::set<Oid> affected_;
    bool affected_known_ = false;
    std::uint64_t affected_as_of_ = 0;    // catalog::generation()
    std::vector<Oid> waiting_;
    bool waiting_known_ = false;
    std::uint64_t rows_ = 0;      // of both, once waiting_ is known
    bool any_aborted_ = false;    // something is marked undone or reopened
};

}  // namespace tviews::queue
