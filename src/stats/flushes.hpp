// Measuring a flush: what it did, how long its phases took; afterwards the counters get it, and the log if it was slow.
//
//     stats::FlushScope flush(table, name);    the code between reports to FlushScope::running()
//     …
//     flush.finish(…);                         without it the flush has failed
//
// Also what capture has to say: rows that concern no document, and the time of the statements that write.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "stats/store.hpp"

namespace tviews::stats {

// locks: taking those of a flush, and waiting for them wherever it happens.
enum class Phase { locks, walk, compare, write };
inline constexpr int phases = 4;

class FlushScope {
public:
    FlushScope(Oid tview, const std::string &name);
    ~FlushScope();
    FlushScope(const FlushScope &) = delete;
    FlushScope &operator=(const FlushScope &) = delete;

    // To be counted by whoever knows.
    Flush flush;

    // Begins a phase; returns the one that ends.
    Phase phase(Phase next) noexcept;

    // The flush has succeeded.  Raises what writing to the log raises.
    void finish();

    // The one that runs, or null: nothing is tracked or logged.
    static FlushScope *running() noexcept;

private:
    using Clock = std::chrono::steady_clock;
    void log() const;

    bool active_;
    bool timed_ = false;          // phases: only the log shows them, and each costs a look at the clock
    bool finished_ = false;
    Oid tview_;
    const std::string &name_;
    Phase phase_ = Phase::locks;
    TimestampTz started_;
    Clock::time_point phase_started_;
    std::uint64_t phase_time_[phases] = {};       // µs
};

// A phase for a scope, if a flush is being measured.
class PhaseScope {
public:
    explicit PhaseScope(Phase phase);
    ~PhaseScope();
    PhaseScope(const PhaseScope &) = delete;
    PhaseScope &operator=(const PhaseScope &) = delete;

private:
    FlushScope *flush_;
    Phase before_ = Phase::locks;
};

// Lives while a flush waits for a lock.
class LockWait {
public:
    LockWait();
    ~LockWait();
    LockWait(const LockWait &) = delete;
    LockWait &operator=(const LockWait &) = delete;

private:
    PhaseScope phase_{Phase::locks};
    std::chrono::steady_clock::time_point started_;
};

// A row changed in no column that matters to this TVIEW.
void row_pruned(Oid tview);

// A capture trigger is through: the transaction now holds so many seeds, of these TVIEWs.  If a flush follows at the end of the
// statement, that one counts the statement's time: a look at the clock less.
void captured(std::uint64_t seeds, const std::vector<Oid> &tviews, bool flush_follows);

// A flush is through; this is what is pending now.
void flushed(std::uint64_t seeds, const std::vector<Oid> &tviews);

// Registers the transaction callback; called once, from _PG_init.
void watch_transactions();

}  // namespace tviews::stats
