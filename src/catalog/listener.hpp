// Invalidations that arrive while an entry of the cache is being made.  Not here: the entries, nor what an invalidation does to
// those that are made (compiled.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tviews::catalog {

// Invalidations of one kind that arrived.  Notes without allocating, as they come in the middle of any catalog access; zero stands
// for all, and so does one more than there is room for.
class Invalidated {
public:
    void note(std::uint32_t value) noexcept
    {
        all_ |= value == 0 || count_ == values_.size();
        if (!all_)
            values_[count_++] = value;
    }
    template<class Values>
    bool any_of(const Values &those) const
    {
        return all_ || std::any_of(those.begin(), those.end(), [&](std::uint32_t value) {
                   return std::find(values_.begin(), values_.begin() + count_, value) != values_.begin() + count_;
               });
    }

private:
    std::array<std::uint32_t, 64> values_;
    std::size_t count_ = 0;
    bool all_ = false;
};

// What arrives while an entry is made, and is in no cache yet: making it waits for locks, and who held them may have changed what
// was read before.
class Listener {
public:
    Listener() : outer_(innermost) { innermost = this; }
    ~Listener() { innermost = outer_; }
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    static void note(Invalidated Listener::*kind, std::uint32_t value) noexcept
    {
        for (Listener *each = innermost; each != nullptr; each = each->outer_)
            (each->*kind).note(value);
    }

    Invalidated relations;
    Invalidated functions;

private:
    static inline Listener *innermost = nullptr;
    Listener *outer_;
};

}  // namespace tviews::catalog
