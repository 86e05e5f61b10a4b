// What the database still knows of a TVIEW apart from its row in pg_tview_meta, and what is wrong with that row.
//
// Table and backing view say nearly all: they are bound (binding.hpp), the view has the query, the table the key and the columns.  A
// restored database lacks the bond until the next DDL; there a sound row or the audit log says which belong together or, if neither
// came along (one schema of several), capture triggers that serve nobody.  The audit log also has what no other place has: options and
// settings, and whether the TVIEW is suspended.
// Not here: writing rows (rebuild_metadata.cpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/meta.hpp"

namespace tviews::ddl {

struct Remains {
    catalog::NewTview row;        // without dependencies, undetermined and reads; settings and options as they should be
    std::string name;             // of the table, as SQL
    bool has_row = false;
    bool by_triggers = false;     // only capture triggers that serve nobody give it away; writing its row takes that away from others
    std::vector<std::string> damaged;     // columns of the row
    bool forgotten = false;       // suspended by the audit log, but without a mark
    std::string unfit;            // why no row can be made of it; empty: it can
    // What the audit log does not tell and the row, if there is one, neither.
    bool options_guessed = false;
    bool settings_guessed = false;
    std::string created_at, created_by;   // as the audit log has it; empty: unknown

    bool sound() const { return has_row && damaged.empty() && !forgotten && unfit.empty(); }
    // For people.
    std::string problem() const;
};

// Of the TVIEW with this table, or of all.  Needs an SPI session.
std::vector<Remains> find_remains(std::optional<Oid> table);

}  // namespace tviews::ddl
