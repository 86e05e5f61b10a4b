// The histogram of flush durations: quantiles are within their bound, counts below a power of two are exact.
#include "stats/histogram.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

using tviews::stats::Histogram;

TEST(Histogram, EmptyHasNoQuantile)
{
    EXPECT_EQ(Histogram{}.quantile(0.5), 0);
    EXPECT_EQ(Histogram{}.total(), 0U);
}

TEST(Histogram, SmallValuesAreExact)
{
    Histogram histogram;
    for (std::uint64_t value = 0; value < 16; ++value)
        histogram.add(value);
    EXPECT_EQ(histogram.quantile(0.5), 7);
    EXPECT_EQ(histogram.quantile(1), 15);
}

TEST(Histogram, EveryValueIsWithinAThirtySecond)
{
    for (std::uint64_t value = 1; value < (std::uint64_t{1} << 33); value = value * 21 / 20 + 1) {
        Histogram histogram;
        histogram.add(value);
        EXPECT_NEAR(histogram.quantile(0.5), static_cast<double>(value), static_cast<double>(value) / 32) << value;
    }
}

TEST(Histogram, QuantilesOfManyValues)
{
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> durations(7, 2);
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 20000; ++i) {
        values.push_back(static_cast<std::uint64_t>(durations(random)));
        histogram.add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (double fraction : {0.01, 0.5, 0.95, 0.99, 1.0}) {
        auto rank = static_cast<std::size_t>(std::ceil(fraction * 20000)) - 1;
        EXPECT_NEAR(histogram.quantile(fraction), static_cast<double>(values[rank]), static_cast<double>(values[rank]) / 32);
    }
    EXPECT_EQ(histogram.total(), 20000U);
}

TEST(Histogram, CountsBelowPowersOfTwoAreExact)
{
    Histogram histogram;
    for (std::uint64_t value : {1, 63, 64, 65, 1023, 1024, 5000})
        histogram.add(value);
    EXPECT_EQ(histogram.below(64), 2U);
    EXPECT_EQ(histogram.below(1024), 5U);
    EXPECT_EQ(histogram.below(8192), 7U);
}

TEST(Histogram, WhatIsTooLongCountsInTheLastBucket)
{
    Histogram histogram;
    histogram.add(std::uint64_t{1} << 60);
    EXPECT_EQ(histogram.total(), 1U);
    EXPECT_GT(histogram.quantile(1), 8e9);
}
