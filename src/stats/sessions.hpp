// What each session is doing: its pending work, its long command, its caches.  One slot per backend in shared memory if the library
// was preloaded, else one of this session alone.
//
// A session writes its own slot; readers copy it under the slot's spinlock.  Not here: counters that stay (store.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/compiled.hpp"
#include "pg/guard.hpp"

namespace tviews::stats {

inline constexpr int most_shown = 32;     // TVIEWs of one session's pending work that are named

// What a transaction has captured and not flushed.
struct Pending {
    std::uint64_t rows = 0;
    std::uint64_t transaction = 0;
    TimestampTz first = 0;        // capture since the last flush
    TimestampTz last = 0;
    std::int32_t tviews = 0;      // with pending seeds; without any, nothing else here counts
    Oid shown[most_shown] = {};   // the first of them
};

// A long command (progress.hpp).
struct Running {
    char command[16] = {};        // empty: none
    char phase[16] = {};
    char tview[2 * NAMEDATALEN + 8] = {};
    std::uint64_t done = 0;
    std::uint64_t total = 0;      // 0: unknown
    TimestampTz started = 0;
    TimestampTz phase_started = 0;

    bool is_any() const noexcept { return command[0] != '\0'; }
};

struct Session {
    int pid = 0;
    Oid database = InvalidOid;
    Oid role = InvalidOid;
    std::int64_t started = 0;     // MyStartTime
    Pending pending;
    Running running;
    catalog::CacheUsage caches;
};

// Of this session.  None of them raises.
void publish_pending(const Pending &pending) noexcept;
void publish_running(const Running &running) noexcept;
void publish_done(std::uint64_t done) noexcept;
// The same from a signal handler, which must not wait for a lock.  The session has published that something runs.
void publish_done_from_signal(std::uint64_t done) noexcept;
const Running &running() noexcept;

// Nothing is pending any more, and the caches may have changed.  What runs goes on: it may span transactions.
void publish_idle() noexcept;

// All sessions of this database, or this one alone.
std::vector<Session> sessions();

// The caches of all sessions of the server, hits and misses of those that ended included; of this session alone if nothing is shared.
struct AllCaches {
    catalog::CacheUsage usage;
    std::uint64_t sessions = 0;
};
AllCaches all_caches() noexcept;

// For memory.cpp, which sets shared memory up.
std::size_t sessions_size();
void start_sessions();            // C-side

}  // namespace tviews::stats
