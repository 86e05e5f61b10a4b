// A histogram of durations whose buckets have a bounded relative width: 16 to each power of two, so that a quantile is off by 1/32
// of its value at most.  Plain data, for shared memory and files.  No PostgreSQL header.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tviews::stats {

class Histogram {
public:
    // Durations in microseconds; past the last bucket they count in it.
    void add(std::uint64_t microseconds) noexcept { ++counts_[bucket(microseconds)]; }

    std::uint64_t total() const noexcept
    {
        std::uint64_t sum = 0;
        for (std::uint64_t count : counts_)
            sum += count;
        return sum;
    }

    // How many were below this; exact for powers of two.
    std::uint64_t below(std::uint64_t microseconds) const noexcept
    {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < bucket(microseconds); ++i)
            sum += counts_[i];
        return sum;
    }

    // The duration that a fraction of them did not exceed: the middle of its bucket.  0 if there are none.
    double quantile(double fraction) const noexcept
    {
        auto wanted = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total())));
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            sum += counts_[i];
            if (counts_[i] != 0 && sum >= wanted)
                return middle(i);
        }
        return 0;
    }

private:
    static constexpr int fine_bits = 4;
    static constexpr std::size_t fine = 1 << fine_bits;         // buckets to a power of two
    static constexpr int last_bit = 32;                         // 2^33 µs, more than two hours
    static constexpr std::size_t buckets = (last_bit - fine_bits + 2) * fine;

    static std::size_t bucket(std::uint64_t value) noexcept
    {
        if (value < fine)
            return value;
        int shift = static_cast<int>(std::bit_width(value)) - 1 - fine_bits;
        return std::min(buckets - 1, static_cast<std::size_t>(shift) * fine + static_cast<std::size_t>(value >> shift));
    }

    static double middle(std::size_t bucket) noexcept
    {
        if (bucket < fine)
            return static_cast<double>(bucket);
        int shift = static_cast<int>(bucket / fine) - 1;
        return std::ldexp(static_cast<double>(bucket % fine + fine) + 0.5, shift);
    }

    std::uint64_t counts_[buckets] = {};
};

}  // namespace tviews::stats
