// What a defining query must not contain, and what deserves a warning.
//
// "This query cannot be maintained, because …" is a value here; the caller raises it.
#pragma once

#include <vector>

#include "analyze/scope.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

struct Findings {
    std::vector<pg::Report> refusals;
    std::vector<pg::Report> warnings;
};

// `logged`: the TVIEW survives a crash, so its sources must.  `declared`: the option `reads` was given.
Findings check_restrictions(const Query *query, bool logged, const Environment &environment, bool declared);

// The same for the relations alone, when one of them has been altered.
Findings check_sources(const std::vector<model::Occurrence> &occurrences, bool logged);

}  // namespace tviews::analyze
