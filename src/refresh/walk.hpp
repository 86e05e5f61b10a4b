// Walking: from a TVIEW's seeds to the keys of the documents they touch, stage by stage, each under its locks.
#pragma once

#include <vector>

#include "catalog/compiled.hpp"
#include "queue/seeds.hpp"
#include "refresh/locks.hpp"
#include "refresh/patch.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// From so many rows on a statement is planned for its actual arrays.
inline constexpr std::size_t large_set = 200;

using SeedList = std::vector<std::pair<queue::Slot, const queue::Seeds *>>;

// Whether the seeds cannot be walked, so that everything must be compared.
bool cannot_walk(const catalog::Compiled &tview, const SeedList &seeds);

// The documents found: those to compare, and those that need nothing but values set.
struct Found {
    Keys keys;
    Patches patches;
};

// Takes the locks of the steps.  Needs an SPI session and the TVIEW's pinned settings in force.
Found walk(catalog::Compiled &tview, const SeedList &seeds, FlushLocks &locks, Moment moment);

// What to lock of these documents.
Tags document_tags(const catalog::Compiled &tview, const Found &found);

}  // namespace tviews::refresh
