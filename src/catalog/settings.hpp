// All settings of the extension in one place: name, unit, default, reason (settings.cpp), and the SQL settings that are
// pinned when a TVIEW is created.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tviews::catalog {

// Which locks a flush takes (refresh/locks.hpp): per join value and document; one per TVIEW; none, which is unsafe.
enum class LockMode { fine, whole, none };

// How the DETAIL of a slow flush is written.
enum class LogFormat { text, json };

struct Settings {
    bool intercept = true;        // pg_tviews.intercept
    int max_seed_memory = 65536;  // pg_tviews.max_seed_memory, kB
    int max_flush_rounds = 100;   // pg_tviews.max_flush_rounds
    LockMode lock_mode = LockMode::fine;    // pg_tviews.lock_mode
    bool patch = true;            // pg_tviews.patch
    int max_fine_locks = 200;     // pg_tviews.max_fine_locks
    bool track = true;            // pg_tviews.track
    int max_tracked = 1000;       // pg_tviews.max_tracked
    int log_min_duration = -1;    // pg_tviews.log_min_duration, ms
    LogFormat log_format = LogFormat::text;     // pg_tviews.log_format
    char *trace_id = nullptr;     // pg_tviews.trace_id
    int worker_idle_time = 60;    // pg_tviews.worker_idle_time, s
    int progress_notices = 0;     // pg_tviews.progress_notices, s
};

const Settings &settings();

// max_seed_memory in bytes.
std::size_t seed_memory();

// The TVIEWs that this session's writes leave alone: pg_tviews.suspended, by OID of their tables.
bool session_suspends(unsigned int tview);
std::set<unsigned int> suspended_by_session();
// `local`: for the transaction only.  Rolled back like any setting.
void suspend_by_session(const std::set<unsigned int> &tviews, bool local);

// Defines the settings; called once, from _PG_init.
void define_settings();

using PinnedSettings = std::vector<std::pair<std::string, std::string>>;

// The values now in force of the settings that a document's content can depend on.
PinnedSettings current_pinned_settings();
// The same of the settings that belong to the libraries some functions come from, as pg_trgm.similarity_threshold does.
PinnedSettings current_settings_of_libraries(const std::set<unsigned int> &functions);

}  // namespace tviews::catalog
