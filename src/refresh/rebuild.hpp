// Rebuilding: comparing stored documents with the defining query and writing what differs, in the order delete, update,
// insert.
#pragma once

#include <cstdint>

#include "catalog/compiled.hpp"
#include "refresh/view_of_data.hpp"
#include "refresh/walk.hpp"

namespace tviews::refresh {

struct Written {
    std::uint64_t inserted = 0;
    std::uint64_t updated = 0;
    std::uint64_t deleted = 0;
    std::uint64_t unchanged = 0;
    Written &operator+=(const Written &other)
    {
        inserted += other.inserted;
        updated += other.updated;
        deleted += other.deleted;
        unchanged += other.unchanged;
        return *this;
    }
    std::uint64_t total() const { return inserted + updated + deleted; }
};

// Brings the documents with these keys up to date.  Needs an SPI session, the TVIEW's lock and its pinned settings in force.
// Raises: 23505 if the query gives two rows for one key, 23502 if it gives none, 40001 where another transaction's
// document cannot be seen; and whatever the query raises, with the TVIEW in its context.
Written rebuild(catalog::Compiled &tview, const Keys &keys, Moment moment);

}  // namespace tviews::refresh
