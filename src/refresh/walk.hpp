// Walking: from a TVIEW's seeds to the keys of the documents they touch.
#pragma once

#include <vector>

#include "catalog/compiled.hpp"
#include "queue/seeds.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

using queue::Keys;

// Needs an SPI session and the TVIEW's pinned settings in force.
Keys walk(catalog::Compiled &tview, const std::vector<std::pair<int, const queue::Seeds *>> &seeds, Moment moment);

}  // namespace tviews::refresh
