// The failures the border has to carry, by name, and an object that counts its own kind.
//
// Not here: the SQL functions that cause them (border_test.cpp).
#pragma once

#include <string_view>

#include "pg/guard.hpp"

namespace border {

// Counts constructions and destructions, to show that a failure ran the destructors of the frames it left.
class Tracer {
public:
    Tracer() noexcept { ++living; }
    Tracer(const Tracer &) = delete;
    Tracer &operator=(const Tracer &) = delete;
    ~Tracer()
    {
        --living;
        ++destroyed;
    }
    static inline int64 living = 0;
    static inline int64 destroyed = 0;
};

// How often the context callback of a failing frame was called: once for each error, never after its frame is gone.
inline int64 contexts_added = 0;

// Fails in the way `kind` names; returns for "none" only.
void fail(std::string_view kind);

// The same from the bottom of some C++ frames that each hold a Tracer.
void fail_below(int frames, std::string_view kind);

}  // namespace border
