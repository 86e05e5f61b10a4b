// Routes: for every occurrence, the shortest sound walk from a changed row to the keys of the documents it touches.
//
// In: an Analysis.  Out: one Route per occurrence.  A pure function of the definition: no statistics and no indexes take
// part, because two sessions must come to the same routes.
#pragma once

#include <string>
#include <vector>

#include "model/query.hpp"

namespace tviews::model {

// One step of a walk: from an occurrence's rows to another's, along all conditions that hold between the two; or a closure,
// which adds to an occurrence's rows those of the other turns of its recursion (recursion.hpp).
struct Step {
    int from = -1;
    int to = -1;
    std::vector<int> conditions;
    // The key follows from `from` alone by an equality; `to` is not read.  Only ever the last step.
    bool elided = false;
    std::vector<Step> loop;       // of a closure, which has no conditions of its own
    Turn arrives = Turn::any;     // the turn of the rows it comes to
    friend bool operator==(const Step &, const Step &) = default;
};

// The walk to one target of one alternative.
struct Walk {
    int alternative = -1;
    int target = -1;
    std::vector<int> branches;    // the results it is for: those that come through these set-operation branches
    std::vector<Step> steps;      // empty: the occurrence is the target itself
    std::vector<Target::Part> parts;    // key expressions over the last occurrence that is read

    // Whether it does the same, for whatever results.
    friend bool operator==(const Walk &one, const Walk &other)
    {
        return one.alternative == other.alternative && one.target == other.target && one.steps == other.steps;
    }
};

struct Route {
    bool everything = false;
    std::string reason;           // why everything
    std::vector<Walk> walks;      // for each alternative that the occurrence can touch, one or one per set of branches
};

// Finds the route of every occurrence, in the order of analysis.occurrences.
std::vector<Route> find_routes(const Analysis &analysis);

// Number of steps that read a table.
std::size_t steps_read(const Walk &walk);

}  // namespace tviews::model
