// The options of a TVIEW: what pg_tviews_create() takes as jsonb.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/refresh_mode.hpp"
#include "pg/guard.hpp"

namespace tviews::ddl {

// Percent.  All documents of a page find room beside themselves when they are rewritten together, as neighbours are by a change of
// what they have in common: without it most would go to another page, and into each index again.
inline constexpr int default_fillfactor = 50;

struct Options {
    std::vector<std::string> key; // empty: pk_<entity>
    std::optional<int> fillfactor;        // percent; the table's own if absent
    bool data_index = false;      // GIN index on data
    std::optional<std::vector<Oid>> reads;    // relations that functions in the query read
    catalog::RefreshMode mode = catalog::RefreshMode::transactional;
    std::string text = "{}";      // as given, for the catalog
};

// Raises: 22023 for an unknown option or a value of the wrong type or range; 42P01 or 42809 for what `reads` names.
Options parse_options(Jsonb *options);

// Options given at creation, as they would be given now; the key as given if none is named here.
std::string options_as_now(const std::string &given, const std::vector<std::string> &key, const std::optional<std::vector<Oid>> &reads,
                           catalog::RefreshMode mode);

}  // namespace tviews::ddl
