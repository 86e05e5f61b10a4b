// Copies: columns that the query does nothing with but put into the document, as they are or in values computed of their row alone.
//
// A change of such columns alone can be set in the stored documents without building them again, because nothing else of them
// depends on it: not which rows there are, not their order, no other row's value.  Only in a plain query (no grouping, no set
// operation, no LIMIT …), and in the arrays that jsonb_agg() makes: of its groups, in its subqueries, in those of its FROM.  A
// column counts if every use of it is, or is a part of, an output column or a value in nested calls of jsonb_build_object() with
// constant keys, that is the row's column or computed of its columns (row_values.hpp).
//
// Where several arrays are made of one occurrence's rows, a column in more than one of them does not count, and of the rest those of
// the last array do.
//
// Found here are candidates: the columns, how a row is told from others, and which rows determine which (a post its author,
// by the author's primary key).  Whether the walk from a changed row leads to the documents it is in, and to no others, is
// decided when the walk is known (model/copies.hpp).
#pragma once

#include "analyze/scope.hpp"
#include "model/query.hpp"

namespace tviews::analyze {

// Fills analysis.copied_rows, .determinations and .key_owners; needs the key's alternatives and the conditions.
void find_copies(const ScopeTree &tree, model::Analysis &analysis);

}  // namespace tviews::analyze
