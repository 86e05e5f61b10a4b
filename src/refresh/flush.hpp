// The flush: carries pending seeds into the TVIEWs they touch, in dependency order.
#pragma once

#include <cstdint>

#include "refresh/rebuild.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// Flushes until nothing is pending.  `rounds` counts them over the flushes of one commit.  Returns the number of documents
// written.  Raises: 54001 if triggers on TVIEWs keep writing base tables; see rebuild() for the rest.
std::uint64_t flush(Moment moment, int &rounds);

// Compares one TVIEW in full and writes what differs.
Written refresh_all(Oid tview);

// Compares the documents with these keys on the latest snapshot, under their locks, and writes what differs.
Written refresh_some(Oid tview, const Keys &keys);

}  // namespace tviews::refresh
