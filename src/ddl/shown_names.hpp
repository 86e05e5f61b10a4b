// Values that show what something is called, as tableoid::regclass does: they change when it is renamed, and no row tells.
//
// Not here: names that the bodies of functions mention (mentions.hpp), and what happens to the TVIEWs (follow.cpp).
#pragma once

#include <set>

#include "pg/guard.hpp"

namespace tviews::ddl {

// Adds the type and all it is made of: elements, base types, attributes.
void collect_types(Oid type, std::set<Oid> &types);

// Whether a query, or an expression, has such values.
bool shows_names(Node *node);

// Whether an ALTER gives something another name or schema by which values may call it.
bool calls_otherwise(Node *parsetree);

}  // namespace tviews::ddl
