// When a TVIEW follows what is written below it: its refresh mode, a column of pg_tview_meta.
//
//   transactional   at the first read, and at commit
//   immediate       at the end of each statement, too
//   deferred        after the commit, by a background worker
//   manual          when pg_tviews_apply() is called
// Not here: what the modes do (queue/flush_points.cpp, refresh/deferred.hpp), changing a mode (inspect/refresh_modes.cpp).
#pragma once

#include <string>

namespace tviews::catalog {

enum class RefreshMode { transactional, immediate, deferred, manual };

// Whether what is written goes to pg_tview_queue instead of into the documents.
inline bool is_queued(RefreshMode mode)
{
    return mode == RefreshMode::deferred || mode == RefreshMode::manual;
}

const char *name_of(RefreshMode mode);

// Raises: 22023 if there is no such mode.
RefreshMode refresh_mode(const std::string &name);

}  // namespace tviews::catalog
