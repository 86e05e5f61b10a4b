// Fetching rows of a table by a unique btree index, one by one, without SQL: no plan, no privileges, no policies.
//
// C-side but for dense_span(): the rest may raise; call it under the guard.  An error leaves everything to the abort.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/guard.hpp"
#include "pg/row_set.hpp"

namespace tviews::pg {

// Integer keys, so close together that one walk along the index costs less than a descent for each of them.
struct KeySpan {
    Oid type;
    std::int64_t first;
    std::int64_t last;
};

// The span of rows [from, to), if they have one.
std::optional<KeySpan> dense_span(const RowSet &keys, std::size_t from, std::size_t to);

// Whether a statement of this role's would see every row of the table, and be allowed to.
bool is_open_to(Relation table, Oid role);

// Whether the index has what the transaction's snapshots see: one that was made beside older row versions may not.
bool is_usable(Oid index);

// Scan keys by which the first columns of a btree equal values that are still to be filled in.
void prepare_equalities(Relation index, int count, ScanKey keys);

class Lookup {
public:
    // Fetches are on the snapshot that is active now, which must stay, as must the memory context.  Keys of the span are expected in
    // ascending order; one that is not costs its descent, as do all where the index is not over the key alone, and ascending.
    void open(Relation table, Oid index, const std::optional<KeySpan> &span);

    // The row whose columns of the index are these, in its order, with all columns deformed; null if there is none.  Stays until
    // the next fetch.
    TupleTableSlot *fetch(const Datum *key);

    void close();

    int width() const { return width_; }
    // The table's column that is the index' n-th, from 0.
    AttrNumber column(int n) const { return index_->rd_index->indkey.values[n]; }

private:
    // Where the walk along a span has come to.  It goes past other keys' entries without looking at their rows.
    struct Walk {
        KeySpan span;
        IndexScanDesc scan;
        TupleTableSlot *slot;
        std::int64_t at;          // the key of the entry; past the last one, past any key
        std::int64_t asked;       // the key that was fetched last
        bool found;               // its row is in the slot
    };
    TupleTableSlot *descend(const Datum *key);
    void begin_walk(const KeySpan &span);
    void advance();
    bool walk_to(std::int64_t wanted);

    Relation table_ = nullptr;
    Relation index_ = nullptr;
    IndexScanDesc scan_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    std::optional<Walk> walk_;
    MemoryContext memory_ = nullptr;      // the scan allocates what it keeps while it fetches
    ScanKeyData keys_[INDEX_MAX_KEYS];
    int width_ = 0;
};

}  // namespace tviews::pg
