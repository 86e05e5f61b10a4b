// pg_tview_state: which TVIEWs are not what their query says, and why.
//
// A TVIEW without a row is exact.  Rows are marks: only added while sessions write, taken away by a resume alone, so that sessions
// that mark one TVIEW do not wait for each other.
//   suspended   nobody maintains it
//   stale       everybody maintains it, but a session that was told not to has written
//   building    everybody maintains it, but not all documents are there yet
// Who may add and take away when: queue/skipping.hpp.  Not here: the settings of a session (catalog/settings.hpp).
#pragma once

#include <string>

#include "pg/guard.hpp"

namespace tviews::catalog {

struct Marks {
    bool suspended = false;
    bool stale = false;
    bool building = false;
    bool any() const { return suspended || stale || building; }
};

// The marks of a TVIEW: by the latest snapshot, whatever the transaction's, or as the transaction's own snapshot shows them.
Marks marks_of(Oid tview);
Marks visible_marks_of(Oid tview);

// Whether the TVIEW is suspended for the whole database; from a cache that follows invalidations.
bool is_suspended(Oid tview);

// All need an SPI session; write as the owner of the extension, on the latest snapshot.
enum class Mark { suspended, stale, building };
// Returns what names the mark.
std::string add_mark(Oid tview, Mark mark);
void remove_marks(Oid tview);
void remove_mark(const std::string &name);

// Registers the invalidation callback; called once, from _PG_init.
void watch_states();

}  // namespace tviews::catalog
