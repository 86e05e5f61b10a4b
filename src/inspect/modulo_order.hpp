// JSON documents compared without regard to the order of array elements.
#pragma once

#include <string>

#include "pg/guard.hpp"

namespace tviews::inspect {

// A text that two jsonb values share if and only if they have the same image once the elements of all arrays are sorted.
std::string without_order(Datum document);

}  // namespace tviews::inspect
