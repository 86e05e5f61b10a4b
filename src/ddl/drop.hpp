// DROP seen by the event trigger before it runs; see drop.cpp.
#pragma once

#include "pg/guard.hpp"

namespace tviews::ddl {

// ddl_command_start of DROP TABLE, VIEW, SCHEMA or OWNED.
void lock_before_drop(Node *parsetree);

}  // namespace tviews::ddl
