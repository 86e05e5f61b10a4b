// A traced expression (see resolve.hpp) as the model's SQL text with numbered inputs.
#pragma once

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

// Requires QualifiedNames to be in force.  Implicit casts are written out: the text alone gives a value of the expression's type.
model::Expression to_expression(Node *tree);

// Whether SQL names no operator in this node (IS DISTINCT FROM, NULLIF, CASE x WHEN y, JOIN USING), where it is none of PostgreSQL's
// own, or one for columns whose operators are of several schemas (comparisons of rows, and of rows with a subquery): the text would
// mean the one of that name that search_path has for the types.
bool leaves_operator_open(Node *node);

// Whether a condition may raise an error for some values.  PostgreSQL lets a function raise nothing it calls leakproof.
bool may_fail(Node *tree);

// `tree` if it is an equality that an index or hash can serve, each side over one occurrence.
std::optional<model::Equality> equality_of(Node *tree);

// The cases of a condition that is also true of NULLs, `x IS NOT DISTINCT FROM y` or `(x = y) IS NOT FALSE`: no index and no hash
// serves the whole, but they serve `x = y`, and NULLs are found without the other side.
std::vector<model::Expression> cases_of(Node *tree);

}  // namespace tviews::analyze
