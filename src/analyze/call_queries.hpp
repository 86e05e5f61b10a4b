// Trees for calls that are looked through (functions.hpp): a function's SELECT with the arguments in it, as a value or as rows.
//
// All are C-side, they may raise, but for `substituted`.
#pragma once

#include "pg/guard.hpp"

namespace tviews::analyze {

// Arguments in place of parameters; `depth` counts the queries between the arguments' own level and the node.
Node *substituted(Node *node, const List *arguments, Index depth);

// A function in place of a value gives its first row.
void keep_first_row(Query *query);

// A query of several columns as one of a row of the type.
Query *as_row(Query *query, Oid type, const char *name);

// SELECT value, or the columns of a composite one; one level below the value, which is changed to stand there.
Query *select_of(Node *value, TupleDesc columns);

// Whether one of the arguments is NULL, with which a strict function does nothing; null if there are none.
Node *any_null(List *arguments);

// A strict function's rows: none where an argument is NULL.  `arguments` as the level above sees them.
Query *unless_null(Query *query, List *arguments, const char *name);

}  // namespace tviews::analyze
