// Measuring flushes; see flushes.hpp.
#include "stats/flushes.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/core.h>
#include <utility>

#include "catalog/audit.hpp"
#include "catalog/settings.hpp"
#include "stats/sessions.hpp"

namespace tviews::stats {

namespace {

using std::chrono::steady_clock;

constexpr const char *phase_names[phases] = {"locks", "walk", "compare", "write"};

FlushScope *current = nullptr;

// The transaction, between its flushes.
Pending pending;
bool touched = false;             // whether the transaction has anything to publish at its end
std::uint64_t caches_seen = 0;    // catalog::cache_version() when last published
std::uint64_t write_time = 0;     // of its writing statements since the last flush, µs
bool is_writing = false;          // the statement's time is not in that yet
TimestampTz last_event = 0;       // end of the last capture or flush

// Rows pruned since they were last counted; few TVIEWs, so a list will do.
struct Pruned {
    Oid tview;
    std::uint64_t rows;
};
std::vector<Pruned> &pruned()
{
    static auto *only = new std::vector<Pruned>;
    return *only;
}

std::uint64_t microseconds(steady_clock::duration time)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

double milliseconds(std::uint64_t microseconds)
{
    return static_cast<double>(microseconds) / 1000;
}

// To a few milliseconds, for a fifth of what the exact time costs.
TimestampTz about_now()
{
#ifdef CLOCK_REALTIME_COARSE
    timespec time;
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    TimestampTz now = (static_cast<TimestampTz>(time.tv_sec) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) * USECS_PER_SEC +
                      time.tv_nsec / 1000;
    return std::max(now, GetCurrentStatementStartTimestamp());
#else
    return GetCurrentTimestamp();
#endif
}

// What a statement took from its start, or from what was last counted in it.
void add_write_time(TimestampTz now)
{
    TimestampTz from = std::max(GetCurrentStatementStartTimestamp(), last_event);
    if (now > from)
        write_time += static_cast<std::uint64_t>(now - from);
    last_event = now;
}

void show_pending(std::uint64_t seeds, const std::vector<Oid> &tviews)
{
    if (pending.first == 0) {
        pending.first = pending.last;
        pending.transaction = U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
    }
    pending.rows = seeds;
    pending.tviews = static_cast<std::int32_t>(tviews.size());
    std::copy_n(tviews.begin(), std::min<std::size_t>(tviews.size(), most_shown), pending.shown);
    publish_pending(pending);
    touched = true;
}

void count_pruned() noexcept
{
    for (const Pruned &entry : pruned())
        add_pruned(entry.tview, entry.rows);
    pruned().clear();
}

extern "C" void on_transaction_end(XactEvent event, void *)
{
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    current = nullptr;
    if (!pruned().empty())
        count_pruned();
    if (touched || catalog::cache_version() != caches_seen)
        publish_idle();
    caches_seen = catalog::cache_version();
    pending.first = 0;
    touched = false;
    write_time = 0;
    is_writing = false;
    last_event = 0;
}

std::string text_detail(const Flush &flush, const std::uint64_t (&times)[phases])
{
    std::string text = fmt::format("seeds: {}, hops: {}, documents: {} inserted, {} updated, {} deleted, {} unchanged", flush.seeds,
                                   flush.hops, flush.inserted, flush.updated, flush.deleted, flush.unchanged);
    text += flush.everything ? ", everything compared; " : "; ";
    for (int i = 0; i < phases; ++i)
        text += fmt::format("{}{} {:.3f} ms", i == 0 ? "" : ", ", phase_names[i], milliseconds(times[i]));
    text += fmt::format("; waited for {} locks, {:.3f} ms", flush.lock_waits, milliseconds(flush.lock_wait_time));
    std::string trace = catalog::settings().trace_id;
    return trace.empty() ? text + "." : text + "; trace id: " + trace + ".";
}

std::string json_detail(const std::string &name, const Flush &flush, const std::uint64_t (&times)[phases])
{
    catalog::Details details;
    details.add("tview", name).add("ms", milliseconds(flush.time)).add("seeds", flush.seeds).add("hops", flush.hops);
    details.add("inserted", flush.inserted).add("updated", flush.updated).add("deleted", flush.deleted);
    details.add("unchanged", flush.unchanged).add_json("everything", flush.everything ? "true" : "false").add("lock_waits", flush.lock_waits);
    details.add("lock_wait_ms", milliseconds(flush.lock_wait_time));
    for (int i = 0; i < phases; ++i)
        details.add(std::string(phase_names[i]) + "_ms", milliseconds(times[i]));
    std::string trace = catalog::settings().trace_id;
    if (!trace.empty())
        details.add("trace_id", trace);
    return details.text();
}

}  // namespace

FlushScope::FlushScope(Oid tview, const std::string &name)
    : active_(catalog::settings().track || catalog::settings().log_min_duration >= 0), tview_(tview), name_(name)
{
    if (!active_)
        return;
    touched = true;
    make_room();
    current = this;
    timed_ = catalog::settings().log_min_duration >= 0;
    if (timed_)
        phase_started_ = steady_clock::now();
    started_ = GetCurrentTimestamp();
    if (std::exchange(is_writing, false))
        add_write_time(started_);
    flush.write_time = write_time;
}

FlushScope::~FlushScope()
{
    if (!active_)
        return;
    current = nullptr;
    flush.failed = !finished_;
    if (!finished_)
        last_event = GetCurrentTimestamp();
    if (catalog::settings().track)
        add_flush(tview_, flush, last_event);
}

FlushScope *FlushScope::running() noexcept
{
    return current;
}

Phase FlushScope::phase(Phase next) noexcept
{
    if (!timed_)
        return phase_;
    auto now = steady_clock::now();
    phase_time_[static_cast<int>(phase_)] += microseconds(now - phase_started_);
    phase_started_ = now;
    return std::exchange(phase_, next);
}

void FlushScope::finish()
{
    if (!active_)
        return;
    phase(phase_);
    last_event = GetCurrentTimestamp();
    flush.time = static_cast<std::uint64_t>(std::max<TimestampTz>(last_event - started_, 0));
    finished_ = true;
    int least = catalog::settings().log_min_duration;
    if (least >= 0 && flush.time >= static_cast<std::uint64_t>(least) * 1000)
        log();
}

void FlushScope::log() const
{
    bool json = catalog::settings().log_format == catalog::LogFormat::json;
    pg::emit(LOG, {ERRCODE_SUCCESSFUL_COMPLETION,
                   fmt::format("flush of TVIEW {} took {:.3f} ms", name_, milliseconds(flush.time)),
                   json ? json_detail(name_, flush, phase_time_) : text_detail(flush, phase_time_)});
}

PhaseScope::PhaseScope(Phase phase) : flush_(FlushScope::running())
{
    if (flush_ != nullptr)
        before_ = flush_->phase(phase);
}

PhaseScope::~PhaseScope()
{
    if (flush_ != nullptr && FlushScope::running() == flush_)
        flush_->phase(before_);
}

LockWait::LockWait() : started_(steady_clock::now()) {}

LockWait::~LockWait()
{
    FlushScope *flush = FlushScope::running();
    if (flush == nullptr)
        return;
    ++flush->flush.lock_waits;
    flush->flush.lock_wait_time += microseconds(steady_clock::now() - started_);
}

void row_pruned(Oid tview)
{
    if (!catalog::settings().track)
        return;
    for (Pruned &entry : pruned())
        if (entry.tview == tview) {
            ++entry.rows;
            return;
        }
    pruned().push_back({tview, 1});
}

void captured(std::uint64_t seeds, const std::vector<Oid> &tviews, bool flush_follows)
{
    if (!catalog::settings().track)
        return;
    if (flush_follows)
        is_writing = true;
    else
        add_write_time(GetCurrentTimestamp());
    pending.last = about_now();
    show_pending(seeds, tviews);
}

void flushed(std::uint64_t seeds, const std::vector<Oid> &tviews)
{
    write_time = 0;
    if (!touched)
        return;
    count_pruned();
    bool shown = pending.first != 0;
    if (!tviews.empty() && (shown || catalog::settings().track)) {
        if (!shown)               // captured while nothing was tracked, or its flush was taken back
            pending.last = about_now();
        show_pending(seeds, tviews);
        return;
    }
    pending.first = 0;
    publish_idle();
    touched = false;
}

void watch_transactions()
{
    RegisterXactCallback(on_transaction_end, nullptr);
}

}  // namespace tviews::stats
