// TVIEWs as SQL functions name them: one by its name, or all by NULL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/compiled.hpp"

namespace tviews::inspect {

// The TVIEW a text argument names.  Raises: 42P01 if there is no such table, 42809 if it is no TVIEW.
std::shared_ptr<catalog::Compiled> named_tview(text *name);

// The same; a NULL argument means all, in dependency order.
std::vector<std::shared_ptr<catalog::Compiled>> named_tviews(FunctionCallInfo fcinfo, int argument);

// Raises: 42501 unless the current user owns the TVIEW, to do something to it.
void check_owner(const catalog::Compiled &tview, const std::string &what);

}  // namespace tviews::inspect
