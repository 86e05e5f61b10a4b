// TVIEWs as SQL functions name them: one by its name, or all by NULL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/compiled.hpp"

namespace tviews::inspect {

// Whether the caller is a member of pg_monitor, who may look at everything but documents.  C-side: may raise.
bool is_monitor();

// The relation a text argument names; a member of pg_monitor needs no USAGE on its schema.  Raises: 42P01.
Oid named_relation(text *name);

// The TVIEW a text argument names.  Raises: 42P01 if there is no such table, 42809 if it is no TVIEW.
std::shared_ptr<catalog::Compiled> named_tview(text *name);

// All TVIEWs in dependency order.
std::vector<std::shared_ptr<catalog::Compiled>> all_tviews();

// The one an argument names; NULL means all.
std::vector<std::shared_ptr<catalog::Compiled>> named_tviews(FunctionCallInfo fcinfo, int argument);

// Raises: 42501 unless the current user owns the TVIEW, to do something to it.
void check_owner(const catalog::Compiled &tview, const std::string &what);

}  // namespace tviews::inspect
