// The stored rows of a TVIEW, found by its table's primary key without SQL: no plan, no privileges, no policies.
//
// C-side but for the constructor and is_possible: call the rest under the guard.  An error leaves everything to the abort.
// Not here: what is done with a row (differences.hpp, patch.hpp).
#pragma once

#include <vector>

#include "catalog/compiled.hpp"
#include "pg/lookup.hpp"

namespace tviews::refresh {

class StoredRows {
public:
    // Whether the table alone has the rows, and its primary key is what they are found by.
    static bool is_possible(Relation table, catalog::Compiled &tview);

    // `key`: the key columns (indexes into the TVIEW's key, each once) in the order in which fetch() gets their values.
    StoredRows(catalog::Compiled &tview, Relation table, const std::vector<int> &key);

    // Fetches are on the snapshot that is active now, which must stay, as must the memory context.
    // `span`: that of the keys that will be fetched, in ascending order, if they have one.
    void open(const std::optional<pg::KeySpan> &span);
    void close() { lookup_.close(); }

    // The row with this key, all columns deformed; null if there is none.  Stays until the next fetch.
    TupleTableSlot *fetch(const Datum *key);

    // Whether a value is identical to the one the row has in a column of the definition.
    bool same(const TupleTableSlot *row, std::size_t column, Datum value, bool null) const;

    const std::vector<int> &positions() const { return positions_; }

private:
    Relation table_;
    pg::Lookup lookup_;
    const std::vector<int> &positions_;
    std::vector<std::size_t> order_;      // of the values fetch() gets, as the index wants them
};

}  // namespace tviews::refresh
