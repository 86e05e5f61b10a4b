// The counters of each TVIEW: in shared memory if the library was preloaded, else this session's own.
//
// Shared: a table of fixed size by database and TVIEW, written to a file when the server stops and read when it starts; a crash
// begins anew.  When it is full, entries of TVIEWs that are no more give way; if there are none, flushes of further TVIEWs are only
// counted, as not tracked.  Not here: what a flush reports (flushes.hpp), and what sessions are doing now (sessions.hpp).
#pragma once

#include <cstdint>

#include "pg/guard.hpp"
#include "stats/histogram.hpp"

namespace tviews::stats {

// What a flush of one TVIEW did.  Times in microseconds.
struct Flush {
    bool failed = false;
    bool everything = false;      // compared the whole TVIEW
    std::uint64_t seeds = 0;
    std::uint64_t hops = 0;
    std::uint64_t inserted = 0;
    std::uint64_t updated = 0;
    std::uint64_t deleted = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t lock_waits = 0;
    std::uint64_t lock_wait_time = 0;
    std::uint64_t time = 0;
    std::uint64_t write_time = 0; // of the statements whose changes it carries
};

struct Counters {
    std::uint64_t refreshes = 0;
    std::uint64_t errors = 0;
    std::uint64_t everything = 0;
    std::uint64_t seeds = 0;
    std::uint64_t pruned = 0;
    std::uint64_t inserted = 0;
    std::uint64_t updated = 0;
    std::uint64_t deleted = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t lock_waits = 0;
    std::uint64_t lock_wait_time = 0;
    std::uint64_t time = 0;
    std::uint64_t longest = 0;
    std::uint64_t write_time = 0;
    TimestampTz last_refresh = 0;
    TimestampTz since = 0;
    Histogram times;

    void add(const Flush &flush, TimestampTz now) noexcept;
};

// Whether counters are in shared memory.
bool is_shared() noexcept;

// Both do nothing but count; they cannot fail, so they may run while an error is under way and at the end of a transaction.
void add_flush(Oid tview, const Flush &flush, TimestampTz now) noexcept;
void add_pruned(Oid tview, std::uint64_t rows) noexcept;

// If a TVIEW found no place: drops entries of databases and TVIEWs that are no more, once a second at most.  Raises.
void make_room();

enum class Found { yes, none, untracked };
// The counters of a TVIEW of this database.  `untracked`: there are none because the table is full.
Found read(Oid tview, Counters &counters) noexcept;

// Sets the counters of a TVIEW of this database to zero, or of all if it is invalid.
void reset(Oid tview) noexcept;

struct StoreInfo {
    std::uint64_t tracked;        // entries, over all databases
    std::uint64_t untracked;      // flushes that found no place
    TimestampTz since;
};
StoreInfo store_info() noexcept;

// For memory.cpp, which sets memory up.
void start_local();
std::size_t store_size();
void start_store();               // C-side

}  // namespace tviews::stats
