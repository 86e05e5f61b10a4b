// Names that may mean something else from now on, and the bodies of functions that mention them: a body given as a string is looked
// up word by word when it runs, and depends on nothing in the catalogs.  Too many mentions cost a comparison, never correctness.
//
// Not here: what happens to the TVIEWs that use such functions (follow.cpp).  What asks the catalogs needs an SPI session.
#pragma once

#include <set>
#include <string>

#include "catalog/compiled.hpp"

namespace tviews::ddl {

// Whether the text of a function the TVIEW uses has one of the names.
bool mentions(const catalog::Compiled &tview, const std::set<std::string> &names);

// Adds what may mean something else with the names: functions whose text has one of them, the operators and aggregates made of
// such functions, and so on.
void add_callers(std::set<std::string> &names);

// Adds what a RENAME or SET SCHEMA says the object was called, and is.
void add_names(Node *parsetree, std::set<std::string> &names);

// The names of what the running command made or altered.  Not of temporary tables, which come last.
std::set<std::string> made_names();

}  // namespace tviews::ddl
