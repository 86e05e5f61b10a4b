// Recursive CTEs as the analysis sees them: the two branches of a union whose second reads the union itself.
//
// What the step reads of the recursion is expanded once more, as the scope of its *earlier turns*: conditions between a step's
// tables and their rows of the turn before can then be traced like any others (conditions.cpp).  Occurrences in there stand
// for a row of another turn and are no seeds.  Inside, the step's self-reference is Source::turn, and only columns that the
// step hands on unchanged pass it: those are the base row's.
//
// Not here: why walks through a recursion are sound (model/recursion.hpp).
#pragma once

#include "analyze/scope.hpp"

namespace tviews::analyze {

// Whether a recursive CTE is one that can be walked through: one plain SELECT as base and one as step, which reads the
// recursion in its FROM clause.
bool can_walk_recursion(const Query *query);

// Whether the step hands this output column of a recursion on as it is.
bool hands_on(const Scope *recursion, AttrNumber resno);

// Notes in the occurrences in which recursion's step they lie, and in them and in the scopes which repeat others for earlier
// turns.
void mark_recursions(const ScopeTree &tree, std::vector<model::Occurrence> &occurrences);

}  // namespace tviews::analyze
