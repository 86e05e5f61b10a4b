// When a flush happens: at the first read of a TVIEW with pending seeds, before DDL, before a parallel plan, at the end of a
// statement (mode immediate), at pre-commit and pre-prepare, and on request.
#pragma once

#include <cstdint>

namespace tviews::queue {

// Installs the executor and utility hooks and the transaction callbacks; called once, from _PG_init.
void install_flush_points();

// Whether a hook will see the end of the statement under way.
bool is_watched();

// After the capture of a statement: brings TVIEWs in mode immediate up to date if no hook sees the statement's end.
void flush_if_unwatched();

// Flushes if anything is pending.  Returns the number of documents written.
std::uint64_t flush_now();

}  // namespace tviews::queue
