// Recursions: how a walk goes through WITH RECURSIVE.
//
// An output row of the recursion t = base UNION step comes out of a chain: a base row, then d >= 0 turns, each of which joins
// the row of the turn before (t, in the step) with rows of the step's own tables.  So the occurrences of the step stand for a
// row in every turn, and what the query reads of t comes from the last turn, or from the base if there was none.
//
//   loop     the step's join, from a row of the step's table S in one turn to its row in the turn after (or before)
//   closure  a loop repeated until it finds no new row, the rows it started with included
//
// Why a closure is a sound step.  Let x be a changed row of S in turn k of a chain of d turns.  The loop's conditions hold in
// each turn of the chain, so the forward closure of x has the chain's row of the last turn, from which conditions on t lead
// out; the backward closure has that of the first, from which the step's condition on t leads to the base.  A column that
// the step hands on unchanged is the base row's own in every turn; conditions on it lead out from the base, whatever d is.
//
// Why one walk at flush, over the rows as they are then, is enough.  Among the changed rows of the chain take the one with the
// fewest turns left in the direction of the walk, and among those in one turn the nearest to the key.  Everything between it
// and the key is unchanged.  This needs all walks to one target to go through a recursion in the same direction, or two changed
// rows could each hide behind the other: route.cpp sees to that.
//
// A closure carries the columns it is asked for, in a WITH RECURSIVE of its own whose UNION ends it where rows go in a circle.
#pragma once

#include <optional>

#include "model/route.hpp"

namespace tviews::model {

// The cheapest loop from `occurrence` to itself that leads to the last turn (or the first); nothing if there is none.  Pure.
std::optional<std::vector<Step>> find_loop(const Analysis &analysis, int occurrence, Turn toward);

// What a step along these conditions costs.
int step_cost(const Analysis &analysis, const std::vector<int> &conditions);

}  // namespace tviews::model
