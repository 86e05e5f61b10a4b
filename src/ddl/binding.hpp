// The bond between a TVIEW's table and its backing view: an internal dependency, so that PostgreSQL itself drops them together,
// refuses to drop the view alone, and lets a cascade from a base table take both.
//
// A dump does not carry it; bind() is called again whenever DDL is followed.
#pragma once

#include "pg/guard.hpp"

namespace tviews::ddl {

// Records the dependency unless it is there.
void bind(Oid table, Oid view);

}  // namespace tviews::ddl
