// Copies: columns of the key owner that the query does nothing with but put into the document.
//
// A change of such columns alone can be set in the stored document without building it again, because nothing else of it
// depends on them: not which rows there are, not their order, no other value.  Only in a plain query (no grouping, no set
// operation, no LIMIT …), whose key is that of one relation's row by a unique index, so that exactly this row is behind the
// document.  A column counts if every use of it is an output column or a value in nested calls of jsonb_build_object() with
// constant keys, each once.
#pragma once

#include "analyze/scope.hpp"
#include "model/query.hpp"

namespace tviews::analyze {

// Fills analysis.copied_row and .copies; needs the key's alternatives.
void find_copies(const ScopeTree &tree, model::Analysis &analysis);

}  // namespace tviews::analyze
