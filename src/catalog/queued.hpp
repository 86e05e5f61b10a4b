// pg_tview_queue: keys of documents that deferred and manual TVIEWs have still to be compared for.
//
// A row names documents of one TVIEW by the text of their key columns; a NULL among them stands for any value, a NULL in place of
// them for all documents.  Text is written and read under the TVIEW's pinned settings, floating-point numbers with all digits.
// Not here: which keys, and when rows may go (refresh/deferred.hpp).
#pragma once

#include "catalog/compiled.hpp"
#include "pg/row_set.hpp"

namespace tviews::catalog {

// The table; invalid if the SQL objects are of the version before.
Oid queue_table();

// All need an SPI session and write as the owner of the extension.

void append_everything(Compiled &tview);
// Documents with these values of the key columns `part`.
void append_keys(Compiled &tview, const std::vector<int> &part, const pg::RowSet &keys);

// What the active snapshot shows of a TVIEW's rows: as it is stored, and read as values of the key columns.
struct QueuedTexts {
    bool everything = false;
    std::vector<std::vector<std::optional<std::string>>> keys;
};
QueuedTexts queued_texts(Compiled &tview);
struct QueuedKeys {
    bool everything = false;
    std::map<std::vector<int>, pg::RowSet> parts;
};
// A key that cannot be read any more says that something has changed, not what.
QueuedKeys read_keys(const Compiled &tview, const QueuedTexts &texts);
bool has_queued_keys(Oid tview);

// Deferred TVIEWs with rows that are not suspended, by the latest snapshot.  Needs no SPI session, and keeps no lock.
std::vector<Oid> queued_deferred();

// Deletes the rows that the active snapshot shows.
void remove_queued(Oid tview);

}  // namespace tviews::catalog
