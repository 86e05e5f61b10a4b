// Routes: for every occurrence, the shortest sound walk from a changed row to the keys of the documents it touches.
//
// In: an Analysis.  Out: one Route per occurrence.  A pure function of the definition: no statistics and no indexes take
// part, because two sessions must come to the same routes.
#pragma once

#include <string>
#include <vector>

#include "model/query.hpp"

namespace tviews::model {

// One step of a walk: from an occurrence's rows to another's, along all conditions that hold between the two.
struct Step {
    int from = -1;
    int to = -1;
    std::vector<int> conditions;
    // The key follows from `from` alone by an equality; `to` is not read.  Only ever the last step.
    bool elided = false;
};

// The walk to one target of one alternative.
struct Walk {
    int alternative = -1;
    int target = -1;
    std::vector<Step> steps;      // empty: the occurrence is the target itself
    std::vector<Target::Part> parts;    // key expressions over the last occurrence that is read
};

struct Route {
    bool everything = false;
    std::string reason;           // why everything
    std::vector<Walk> walks;      // one per alternative that the occurrence can touch
};

// Finds the route of every occurrence, in the order of analysis.occurrences.
std::vector<Route> find_routes(const Analysis &analysis);

// Number of steps that read a table.
std::size_t steps_read(const Walk &walk);

}  // namespace tviews::model
