// Walking: from a TVIEW's seeds to the keys of the documents they touch.
#pragma once

#include <map>
#include <vector>

#include "catalog/compiled.hpp"
#include "queue/seeds.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// Keys by the key columns they fix: usually one entry, all columns.  `everything` overrides.
struct Keys {
    bool everything = false;
    std::map<std::vector<int>, pg::RowSet> parts;
};

// Needs an SPI session and the TVIEW's pinned settings in force.
Keys walk(catalog::Compiled &tview, const std::vector<std::pair<int, const queue::Seeds *>> &seeds, Moment moment);

}  // namespace tviews::refresh
