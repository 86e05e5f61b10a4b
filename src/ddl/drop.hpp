// DROP seen by the event trigger before it runs; see drop.cpp.
#pragma once

#include <set>
#include <string>

#include "pg/guard.hpp"

namespace tviews::ddl {

// ddl_command_start of DROP TABLE, VIEW, SCHEMA or OWNED.
void lock_before_drop(Node *parsetree);

// Something with one of these names is gone (follow.cpp): the text of a function that a TVIEW uses may have meant it.  Needs an
// SPI session.
void follow_drop(std::set<std::string> names);

}  // namespace tviews::ddl
