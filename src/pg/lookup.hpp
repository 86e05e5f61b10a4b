// Fetching rows of a table by a unique btree index, one by one, without SQL: no plan, no privileges, no policies.
//
// C-side: everything here may raise; call it under the guard.  An error leaves everything to the abort.
#pragma once

#include "pg/guard.hpp"

namespace tviews::pg {

class Lookup {
public:
    // Fetches are on the snapshot that is active now, which must stay, as must the memory context.
    void open(Relation table, Oid index);

    // The row whose columns of the index are these, in its order, with all columns deformed; null if there is none.  Stays until
    // the next fetch.
    TupleTableSlot *fetch(const Datum *key);

    void close();

    int width() const { return width_; }
    // The table's column that is the index' n-th, from 0.
    AttrNumber column(int n) const { return index_->rd_index->indkey.values[n]; }

private:
    Relation index_ = nullptr;
    IndexScanDesc scan_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    MemoryContext memory_ = nullptr;      // the scan allocates what it keeps while it fetches
    ScanKeyData keys_[INDEX_MAX_KEYS];
    int width_ = 0;
};

}  // namespace tviews::pg
