// Walking PostgreSQL's expression trees from C++.
//
// `walk_children` calls back for each child of a node; the callback may throw and may call guarded functions.  The
// exception is carried round the C frames of expression_tree_walker, never through them.
#pragma once

#include <exception>
#include <functional>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::pg {

// Calls visit(child) for every immediate child expression of node (SubLink: its test expression and its Query).
// visit returns true to stop; the result tells whether the walk was stopped.  Some lists (a Query's parts, not the
// arguments of an operator) arrive as a List node, whose children are its members.
bool walk_children(Node *node, const std::function<bool(Node *)> &visit);

// The same for the parts of a Query: target list, quals, range table subqueries (not CTEs twice); flags as QTW_*.
bool walk_query_children(Query *query, int flags, const std::function<bool(Node *)> &visit);

// Whether values that are equal under one collation are under the other.  C-side.
bool same_equality(Oid one, Oid other);

// Whether a cast, or COLLATE, leaves of a value what it is equal to: text and varchar are, text and citext are not.
bool compares_alike(Node *cast, Node *value);

// The node below casts that change nothing but the type's name, and neither which values are equal; null if there is none.
Node *strip_relabel(Node *node);

// The conditions that an AND, or a list of them, is made of; a single one is itself.
std::vector<Node *> conjuncts(Node *quals);

// Copies node with every child replaced by change(child).
Node *mutate_children(Node *node, const std::function<Node *(Node *)> &change);

// The same for the parts of a Query; its own nodes are copied.
Query *mutate_query_children(Query *query, const std::function<Node *(Node *)> &change);

}  // namespace tviews::pg
