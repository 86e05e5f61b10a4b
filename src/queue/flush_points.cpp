// Flush points: hooks and transaction callbacks; see flush_points.hpp.
//
// The library is loaded by the first captured write at the latest, so wherever seeds are pending the hooks are in place.
#include "queue/flush_points.hpp"

#include <utility>

#include "catalog/audit_chain.hpp"
#include "catalog/queued.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"
#include "queue/seeds.hpp"
#include "queue/worker.hpp"
#include "refresh/deferred.hpp"
#include "refresh/flush.hpp"
#include "stats/progress.hpp"

namespace tviews::queue {

namespace {

using refresh::Moment;

ExecutorStart_hook_type next_executor_start = nullptr;
ExecutorRun_hook_type next_executor_run = nullptr;
ExecutorFinish_hook_type next_executor_finish = nullptr;
ProcessUtility_hook_type next_process_utility = nullptr;

// Statements under way whose end our hooks will see.  The one that loads the library began without them, and what logical replication
// applies has none.
int watched = 0;

// Statements under way that write.  Their changes may be seen before they are captured, which is at their end.  One that began before the
// library was loaded is taken for one that writes, and so is one whose error was caught, until the transaction ends.
int writing = 1;

bool writes(const QueryDesc *query)
{
    return query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
}

bool idle()
{
    return !Queue::exists() || Queue::current().flushing != 0;
}

bool reads_any(const PlannedStmt *statement, const std::set<Oid> &tables)
{
    if (tables.empty())
        return false;
    for (auto *rte : pg::items<RangeTblEntry>(statement->rtable))
        if (rte->rtekind == RTE_RELATION && tables.count(rte->relid) != 0)
            return true;
    return false;
}

std::uint64_t flush_before_commit(refresh::Whose whose)
{
    int rounds = 0;
    Queue::current().sees_uncaptured = writing > 0;
    return refresh::flush(Moment::read, rounds, whose);
}

void at_end_of_statement()
{
    if (!idle() && Queue::current().has_immediate())
        flush_before_commit(refresh::Whose::immediate);
}

// Gives the query a snapshot that sees the last flush.  READ COMMITTED takes a new one, as if the statement had started
// now, because the documents contain what others have committed since; above, the transaction's own.
void replace_snapshot(QueryDesc *query)
{
    pg::call([&] {
        Snapshot fresh;
        if (IsolationUsesXactSnapshot()) {
            PushCopiedSnapshot(GetTransactionSnapshot());
            UpdateActiveSnapshotCommandId();
            fresh = RegisterSnapshot(GetActiveSnapshot());
            PopActiveSnapshot();
        } else {
            fresh = RegisterSnapshot(GetLatestSnapshot());
        }
        UnregisterSnapshot(query->snapshot);
        query->snapshot = fresh;
    });
}

void before_query(QueryDesc *query, int flags)
{
    if (idle() || (flags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || IsParallelWorker())
        return;
    Queue &queue = Queue::current();
    const PlannedStmt *statement = query->plannedstmt;
    bool reads_flushed = reads_any(statement, queue.flushed_tables);
    if (queue.has_pending() && (statement->parallelModeNeeded || reads_any(statement, queue.affected()))) {
        flush_before_commit(refresh::Whose::all);
        reads_flushed = true;
    }
    if (reads_flushed && query->snapshot != nullptr && IsMVCCSnapshot(query->snapshot) &&
        query->snapshot->curcid < queue.flush_command)
        replace_snapshot(query);
}

// The replaced snapshot has to be the active one too: parallel workers and functions called by the query take that.
bool push_replaced_snapshot(QueryDesc *query)
{
    if (idle() || query->snapshot == nullptr || !IsMVCCSnapshot(query->snapshot) || !ActiveSnapshotSet() ||
        query->snapshot->curcid <= GetActiveSnapshot()->curcid ||
        !reads_any(query->plannedstmt, Queue::current().flushed_tables))
        return false;
    PushActiveSnapshot(query->snapshot);
    return true;
}

extern "C" void on_executor_start(QueryDesc *query, int flags)
{
    pg::entry([&] { before_query(query, flags); });
    if (next_executor_start != nullptr)
        next_executor_start(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

extern "C" void on_executor_run(QueryDesc *query, ScanDirection direction, uint64 count, bool once)
{
    bool pushed = push_replaced_snapshot(query);
    stats::before_run(query);
    writing += writes(query);
    if (next_executor_run != nullptr)
        next_executor_run(query, direction, count, once);
    else
        standard_ExecutorRun(query, direction, count, once);
    writing -= writes(query);
    stats::after_run(query);
    if (pushed)
        PopActiveSnapshot();
}

extern "C" void on_executor_finish(QueryDesc *query)
{
    bool pushed = push_replaced_snapshot(query);
    ++watched;
    writing += writes(query);
    if (next_executor_finish != nullptr)
        next_executor_finish(query);
    else
        standard_ExecutorFinish(query);
    --watched;
    writing -= writes(query);
    if (pushed)
        PopActiveSnapshot();
    // A foreign key's action leaves its triggers to the statement it belongs to.
    if (Queue::exists() && (query->estate->es_top_eflags & EXEC_FLAG_SKIP_TRIGGERS) == 0)
        pg::entry([] { at_end_of_statement(); });
}

// COPY tv_x TO does not reach the executor's hooks.
bool copies_out(Node *statement)
{
    return IsA(statement, CopyStmt) && !reinterpret_cast<CopyStmt *>(statement)->is_from &&
           reinterpret_cast<CopyStmt *>(statement)->relation != nullptr;
}

// What fires triggers and does not reach the executor's hooks.
bool writes(Node *statement)
{
    return IsA(statement, CopyStmt) || IsA(statement, TruncateStmt);
}

bool commits_prepared(Node *statement)
{
    return IsA(statement, TransactionStmt) && reinterpret_cast<TransactionStmt *>(statement)->kind == TRANS_STMT_COMMIT_PREPARED;
}

void wake_if_queued()
{
    if (IsTransactionState() && !catalog::queued_deferred().empty())
        wake_worker();
}

bool is_ddl(Node *statement)
{
    return GetCommandLogLevel(statement) == LOGSTMT_DDL;
}

// Flushes where the command needs it.  Returns whether it needs a current snapshot as well.
bool before_utility(Node *statement)
{
    if (idle() || !IsTransactionState())
        return false;
    bool copies = copies_out(statement);
    // What only has to be compared in full can wait until a series of commands has put right what its functions call.
    if ((copies && Queue::current().has_pending()) || (is_ddl(statement) && Queue::current().has_pending_rows()))
        flush_before_commit(refresh::Whose::all);
    if (is_ddl(statement) && Queue::current().has_queued_rows())
        refresh::enqueue();
    return copies && Queue::current().flush_command != 0;
}

extern "C" void on_process_utility(PlannedStmt *statement, const char *text, bool read_only_tree,
                                   ProcessUtilityContext context, ParamListInfo parameters,
                                   QueryEnvironment *environment, DestReceiver *destination, QueryCompletion *completion)
{
    bool push = pg::entry([&] { return before_utility(statement->utilityStmt); });
    if (push) {
        PushCopiedSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
        UpdateActiveSnapshotCommandId();
    }
    bool watch = writes(statement->utilityStmt), wake = commits_prepared(statement->utilityStmt);
    watched += watch;
    writing += watch;
    if (next_process_utility != nullptr)
        next_process_utility(statement, text, read_only_tree, context, parameters, environment, destination, completion);
    else
        standard_ProcessUtility(statement, text, read_only_tree, context, parameters, environment, destination, completion);
    watched -= watch;
    writing -= watch;
    if (push)
        PopActiveSnapshot();
    if (watch)
        pg::entry([] { at_end_of_statement(); });
    if (wake)
        pg::entry([] { wake_if_queued(); });
}

// statement_timeout is not in force while a top-level statement commits; the flush is the statement's work, so it is here.
class TimeoutScope {
public:
    TimeoutScope()
    {
        armed_ = StatementTimeout > 0 && !get_timeout_active(STATEMENT_TIMEOUT);
        if (armed_)
            enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
    }
    ~TimeoutScope() { disarm(); }
    // One that has just fired is reported now, as what it is: later would be after the commit.
    void end()
    {
        disarm();
        pg::call([] { CHECK_FOR_INTERRUPTS(); });
    }
    TimeoutScope(const TimeoutScope &) = delete;
    TimeoutScope &operator=(const TimeoutScope &) = delete;

private:
    void disarm()
    {
        if (std::exchange(armed_, false))
            disable_timeout(STATEMENT_TIMEOUT, true);
    }
    bool armed_;
};

bool apply_the_rest()
{
    if (!refresh::apply_the_rest())
        return false;
    pg::call(AfterTriggerFireDeferred);
    return true;
}

// Above READ COMMITTED, what reads have flushed is flushed again, on the latest snapshot.
bool anything_to_flush(Queue &queue)
{
    if (IsolationUsesXactSnapshot())
        queue.reopen_all();
    return queue.has_pending();
}

// What the flush defers (foreign keys and constraint triggers on tv_*) must fire before the commit goes on, and may write
// base tables again, and read TVIEWs.
void flush_at_commit()
{
    if (!Queue::exists())
        return;
    Queue &queue = Queue::current();
    int rounds = 0;
    do {
        while (anything_to_flush(queue)) {
            queue.sees_uncaptured = false;
            refresh::flush(Moment::commit, rounds);
            pg::call(AfterTriggerFireDeferred);
        }
    } while (apply_the_rest());
    refresh::enqueue();
}

void before_commit()
{
    if (!Queue::exists() && !catalog::has_audit_rows())
        return;
    TimeoutScope timeout;
    flush_at_commit();
    catalog::link_audit_rows();
    timeout.end();
}

extern "C" void on_transaction_event(XactEvent event, void *)
{
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        pg::entry([] { before_commit(); });
        break;
    case XACT_EVENT_COMMIT:
        if (refresh::has_enqueued_deferred())
            wake_worker();
        [[fallthrough]];
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        Queue::clear();
        catalog::forget_audit_rows();
        refresh::forget_enqueued();
        watched = writing = 0;
        break;
    default:
        break;
    }
}

extern "C" void on_subtransaction_event(SubXactEvent event, SubTransactionId, SubTransactionId, void *)
{
    if (!Queue::exists())
        return;
    if (event == SUBXACT_EVENT_COMMIT_SUB)
        Queue::current().subtransaction_committed(GetCurrentTransactionNestLevel());
    else if (event == SUBXACT_EVENT_ABORT_SUB)
        Queue::current().subtransaction_aborted(GetCurrentTransactionNestLevel());
}

}  // namespace

bool is_watched()
{
    return watched != 0;
}

void flush_if_unwatched()
{
    if (!is_watched())
        at_end_of_statement();
}

std::uint64_t flush_now()
{
    if (idle() || !Queue::current().has_pending())
        return 0;
    return flush_before_commit(refresh::Whose::all);
}

void install_flush_points()
{
    next_executor_start = std::exchange(ExecutorStart_hook, on_executor_start);
    next_executor_run = std::exchange(ExecutorRun_hook, on_executor_run);
    next_executor_finish = std::exchange(ExecutorFinish_hook, on_executor_finish);
    next_process_utility = std::exchange(ProcessUtility_hook, on_process_utility);
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
}

}  // namespace tviews::queue
