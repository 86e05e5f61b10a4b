// Which aggregates and window functions depend on the order of their rows, by what PostgreSQL's documentation says of each.
//
// Not here: whether an order is given and leaves no ties (undetermined.cpp).
#pragma once

#include <string>

#include "pg/guard.hpp"

namespace tviews::analyze {

struct AggregateTraits {
    std::string name;
    bool sensitive = false;       // its result depends on the order
    bool makes_array = false;     // and only in the order of elements
    bool by_key = false;          // and only of inputs with the same first argument, of which the last one stays
    bool floating = false;        // it adds up floating-point numbers
    bool picks = false;           // its result is one of its inputs, any of the equal ones
};
AggregateTraits aggregate_traits(const Aggref *aggregate);

struct WindowTraits {
    std::string name;
    bool sensitive = false;       // its result depends on the order of rows that ORDER BY does not tell apart
    bool of_values = false;       // only through the values in the frame, not through the row's own place
};
// `by_rows`: the frame counts rows, so that it may end among rows that ORDER BY does not tell apart.
WindowTraits window_traits(const WindowFunc *function, bool by_rows);

// Whether the expression, a call or constructor, keeps arrays it is given as they are, only deeper inside.
bool keeps_arrays(Node *node);

}  // namespace tviews::analyze
