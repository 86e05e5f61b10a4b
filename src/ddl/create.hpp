// CREATE TABLE tv_x AS SELECT seen by the event triggers; see create.cpp.
#pragma once

#include "pg/guard.hpp"

namespace tviews::ddl {

// ddl_command_start of CREATE TABLE AS or SELECT INTO.
void start_create_table_as(Node *parsetree);

// ddl_command_end of the same statement; returns whether it was to make a TVIEW.
bool end_create_table_as(Node *parsetree);

}  // namespace tviews::ddl
