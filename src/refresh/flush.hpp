// The flush: carries pending seeds into the TVIEWs they touch, in dependency order.
#pragma once

#include <cstdint>
#include <functional>

#include "refresh/rebuild.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

// Whose seeds a flush carries: all, or those of TVIEWs in mode immediate.
enum class Whose { all, immediate };

// Flushes until nothing of these is pending.  `rounds` counts them over the flushes of one commit.  Returns the number of documents
// written.  Raises: 54001 if triggers on TVIEWs keep writing base tables; see rebuild() for the rest.
std::uint64_t flush(Moment moment, int &rounds, Whose whose = Whose::all);

// Compares documents that no seed led to and writes what differs.  `which` is called when the TVIEW's relations are locked, and, if
// `exclusive`, so is the TVIEW; else the documents it returns are locked.
Written compare(Oid tview, bool exclusive, Moment moment, const std::function<Found(catalog::Compiled &)> &which);

// Compares one TVIEW in full and writes what differs.
Written refresh_all(Oid tview);

// Compares the documents with these keys on the latest snapshot, under their locks, and writes what differs.
Written refresh_some(Oid tview, const Keys &keys);

}  // namespace tviews::refresh
