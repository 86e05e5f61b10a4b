// Defining a TVIEW: from a freshly made, empty table and its query to a maintained, filled TVIEW.
#pragma once

#include "catalog/tview.hpp"
#include "ddl/options.hpp"
#include "pg/guard.hpp"

namespace tviews::ddl {

// "tv_post" gives "post"; nothing if the name is not a TVIEW's.
std::optional<std::string> entity_of(const std::string &table_name);

// Whether a column is named like a reference: fk_* or *_id.
bool is_reference(const std::string &column);

// `table` has the columns of `query` and no rows.  Needs no SPI session.
// Raises: 42P16 no usable key, 0A000 for what a TVIEW's query must not contain, 23505 / 23502 for keys that are not unique
// or null, 42501 for missing privileges.
enum class Fill {
    now,
    later           // leaves the table empty, with the mark `building`, which is returned
};
std::string define_tview(Oid table, const Query *query, const Options &options, Fill when = Fill::now);

// The backing view, or one below it, reads something else now: checks it again and captures what it reads.  Needs an SPI
// session.  Raises: 0A000 as above, 42P17 if the TVIEW would read itself.
//
// Writers whose changes were captured for what it read before are waited for; not where the columns of a table changed, on which the
// command has the strongest lock: a writer of another table would wait for that one at its flush, and both would be in a deadlock.
enum class Writers { waited_for, left };
void adopt_redefinition(const catalog::Tview &tview, Writers writers = Writers::waited_for);

}  // namespace tviews::ddl
