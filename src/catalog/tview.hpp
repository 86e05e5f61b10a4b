// One row of pg_tview_meta, as the code uses it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/refresh_mode.hpp"
#include "catalog/settings.hpp"
#include "pg/guard.hpp"

namespace tviews::catalog {

// Routes and lock tags must agree between sessions; a library that computes them differently has another number.
inline constexpr int protocol_version = 2;

struct Tview {
    Oid table = InvalidOid;
    Oid view = InvalidOid;
    std::string entity;
    std::string schema;
    std::vector<Oid> dependencies;
    std::optional<std::vector<Oid>> reads;    // what the option says functions read; none: it was not given
    std::vector<std::string> key;
    std::vector<std::string> columns;
    PinnedSettings settings;
    bool stamps = true;
    int protocol = protocol_version;
    RefreshMode mode = RefreshMode::transactional;
};

}  // namespace tviews::catalog
