// Stages: the routes of all occurrences merged into one order of work.
//
// Routes to the same target share their ends: rows of a comment's author and rows of the post's user both go on from there as
// one set.  A stage is where walks to one target stand on one occurrence's rows; its step leads to the next stage, or its rows
// give the key.  In: an Analysis and its routes.  Out: the stages, each before the one it leads to; this order is also the
// order in which a flush takes its locks (refresh/locks.hpp), so it must follow from the definition alone.
#pragma once

#include <vector>

#include "model/route.hpp"

namespace tviews::model {

struct Stage {
    int alternative = -1;
    int target = -1;
    int occurrence = -1;          // -1: a constant key, which no row gives
    int next = -1;                // the stage its step leads to; -1: its rows give the key
    std::vector<int> conditions;  // of the step
    std::vector<Step> loop;       // of a closure, a step without conditions of its own (recursion.hpp)
    std::vector<int> arrives_at;  // the occurrences whose rows the step reads
    std::vector<Target::Part> parts;    // of the key
    bool elided = false;          // the key comes from an equality with its owner, which is not read
    std::vector<AttributeNumber> columns;   // what the rows carry: inputs of the step or of the parts
};

struct Stages {
    std::vector<Stage> all;
    // By occurrence: the stages at which its changed rows enter.
    std::vector<std::vector<int>> entries;
    // By occurrence: the columns a changed row must be known by: those of its entries, and those by which steps arrive at it.
    std::vector<std::vector<AttributeNumber>> seed_columns;
    // By occurrence: whether any step arrives at it.
    std::vector<bool> passed;
};

Stages merge_routes(const Analysis &analysis, const std::vector<Route> &routes);

// The columns of `occurrence` that the conditions read.
std::vector<AttributeNumber> inputs_of(const Analysis &analysis, const std::vector<int> &conditions, int occurrence);

}  // namespace tviews::model
