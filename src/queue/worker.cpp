// The worker; see worker.hpp.
#include "queue/worker.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>

#include "catalog/meta.hpp"
#include "catalog/queued.hpp"
#include "catalog/settings.hpp"
#include "pg/entry.hpp"
#include "refresh/deferred.hpp"

extern "C" {
PGDLLEXPORT void pg_tviews_worker_main(Datum database);
}

namespace tviews::queue {

namespace {

// Field 4 of the lock's tag, next to that of refresh/deferred.cpp.
constexpr uint16 worker_space = 0x747b;
constexpr int64 second = 1000;    // ms
constexpr int64 look_every = 10 * second;
constexpr int64 longest_pause = 60 * second;
constexpr int64 between_starts = second;

LOCKTAG worker_tag()
{
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, worker_space);
    return tag;
}

// C-side.
bool wake_running()
{
    LOCKTAG tag = worker_tag();
    int count = 0;
    VirtualTransactionId *holders = GetLockConflicts(&tag, ExclusiveLock, &count);
    PGPROC *worker = count != 0 ? BackendIdGetProc(holders[0].backendId) : nullptr;
    if (worker != nullptr)
        SetLatch(&worker->procLatch);
    return count != 0;
}

// C-side.
bool start()
{
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    strlcpy(worker.bgw_library_name, "pg_tviews", BGW_MAXLEN);
    strlcpy(worker.bgw_function_name, "pg_tviews_worker_main", BGW_MAXLEN);
    strlcpy(worker.bgw_name, "pg_tviews worker", BGW_MAXLEN);
    strlcpy(worker.bgw_type, "pg_tviews worker", BGW_MAXLEN);
    worker.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId);
    return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

int64 now()
{
    return GetCurrentTimestamp() / 1000;
}

class Worker {
public:
    void run()
    {
        if (!take_lock())
            return;
        for (idle_since_ = now();;) {
            pg::call([] {
                CHECK_FOR_INTERRUPTS();
                StartTransactionCommand();
            });
            std::vector<Oid> due = due_now();
            if (due.empty() && !idle_for_long())
                wait();
            pg::call(CommitTransactionCommand);
            if (due.empty() && idle_for_long() && leave())
                return;
            for (Oid table : due)
                apply(table);
        }
    }

private:
    struct Failed {
        int64 pause;
        int64 retry_at;
    };

    static bool take_lock()
    {
        return pg::call([] {
            LOCKTAG tag = worker_tag();
            return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
        });
    }

    bool idle_for_long() const { return failed_.empty() && now() - idle_since_ >= catalog::settings().worker_idle_time * second; }

    // Deferred TVIEWs with rows, but those that have failed a short time ago.
    std::vector<Oid> due_now()
    {
        std::vector<Oid> due;
        std::vector<Oid> waiting = catalog::queued_deferred();
        std::erase_if(failed_, [&](const auto &entry) { return std::find(waiting.begin(), waiting.end(), entry.first) == waiting.end(); });
        for (Oid table : waiting) {
            auto failure = failed_.find(table);
            if (failure == failed_.end() || failure->second.retry_at <= now())
                due.push_back(table);
        }
        // A prepared transaction's commit wakes nobody.
        if (!due.empty() || refresh::writers_under_way())
            idle_since_ = now();
        return due;
    }

    void wait() const
    {
        int64 until = look_every;
        if (failed_.empty())
            until = std::min(until, idle_since_ + catalog::settings().worker_idle_time * second - now());
        for (const auto &[table, failure] : failed_)
            until = std::min(until, failure.retry_at - now());
        pg::call([&] {
            InvalidateCatalogSnapshot();
            pgstat_report_activity(STATE_IDLE, nullptr);
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, until < 1 ? 1 : static_cast<long>(until), PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
            CHECK_FOR_INTERRUPTS();
            if (ConfigReloadPending) {
                ConfigReloadPending = false;
                ProcessConfigFile(PGC_SIGHUP);
            }
        });
    }

    // Returns whether it has left: not if there is work after all, and nobody else has taken over.
    static bool leave()
    {
        pg::call([] {
            LOCKTAG tag = worker_tag();
            LockRelease(&tag, ExclusiveLock, true);
            StartTransactionCommand();
        });
        bool work = !catalog::queued_deferred().empty();
        pg::call(CommitTransactionCommand);
        return !work || !take_lock();
    }

    void apply(Oid table)
    {
        std::string name = fmt::format("with OID {}", table);
        try {
            pg::call([] {
                pgstat_report_activity(STATE_RUNNING, "pg_tviews: applying a queue");
                StartTransactionCommand();
                PushActiveSnapshot(GetTransactionSnapshot());
            });
            if (auto tview = catalog::find_tview(table)) {
                name = catalog::name_of(*tview);
                refresh::apply(table, false);
            }
            pg::call([] {
                PopActiveSnapshot();
                CommitTransactionCommand();
            });
            failed_.erase(table);
        } catch (const pg::Error &error) {
            failed(table, name, error.data());
        }
        pgstat_report_stat(true);
    }

    void failed(Oid table, const std::string &name, const ErrorData *error)
    {
        auto text = [](const char *part) { return std::string(part != nullptr ? part : ""); };
        Failed &failure = failed_.try_emplace(table, Failed{second / 2, 0}).first->second;
        failure.pause = std::min(2 * failure.pause, longest_pause);
        failure.retry_at = now() + failure.pause;
        std::string message = fmt::format("could not apply the queue of TVIEW {}: {}", name, text(error->message));
        std::string detail = text(error->detail), hint = text(error->hint);
        int sqlstate = error->sqlerrcode;
        pg::call(AbortCurrentTransaction);
        pg::emit(LOG, {sqlstate, message, detail, hint});
    }

    int64 idle_since_ = 0;
    std::map<Oid, Failed> failed_;
};

// What a session would have of its role, its database or a user.
void own_settings()
{
    constexpr const char *settings[][2] = {{"default_transaction_isolation", "read committed"},
                                           {"default_transaction_read_only", "off"},
                                           {"session_replication_role", "origin"},
                                           {"statement_timeout", "0"},
                                           {"lock_timeout", "5s"}};
    for (const auto &[name, value] : settings)
        SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

}  // namespace

void wake_worker() noexcept
{
    static int64 started_at = 0;
    try {
        pg::call([] {
            if (wake_running() || now() - started_at < between_starts)
                return;
            started_at = now();
            start();
        });
    } catch (const pg::Error &) {
        // The commit is done; health check and monitoring see what is queued.
    }
}

}  // namespace tviews::queue

void pg_tviews_worker_main(Datum database)
{
    using namespace tviews;
    pqsignal(SIGTERM, die);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
    queue::own_settings();
    pg::entry([] { queue::Worker().run(); });
}

TVIEWS_FUNCTION(pg_tviews_start_worker)
{
    using namespace tviews;
    if (RecoveryInProgress())
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot start a worker during recovery",
                   "A standby receives the documents that the primary's worker writes."});
    bool running = pg::call([] { return queue::wake_running(); });
    if (!running && !pg::call([] { return queue::start(); }))
        pg::raise({ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, "could not start a worker for deferred TVIEWs",
                   "All background worker slots are in use.", "Raise max_worker_processes, or call pg_tviews_apply()."});
    return BoolGetDatum(!running);
}
