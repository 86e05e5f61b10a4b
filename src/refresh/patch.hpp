// Patches: documents that need nothing but values of copied columns set (analyze/copies.hpp), and setting them.
//
// Runs no SQL: a document is fetched by its table's primary key, its copied columns are set (pg/jsonb_patch.hpp) and it is
// written back, if it is another then.  Not here: which values (copied_values.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "catalog/compiled.hpp"
#include "queue/seeds.hpp"
#include "refresh/copied_values.hpp"
#include "refresh/differences.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::refresh {

using queue::Keys;

// That a changed row is in a document.
struct PatchItem {
    std::uint32_t document;
    std::uint32_t source;
    std::uint32_t row;
};

class Patches {
public:
    // Takes over rows that a walk has carried to its end, where the documents' key is in columns `key`.
    void add(CarriedRows rows, const std::vector<std::size_t> &key);

    bool empty() const { return items_.empty(); }
    void clear();
    // The documents' keys; null if there is no document.
    const pg::RowSet *documents() const { return documents_.get(); }
    // The columns of the key they are known by: all.
    std::vector<int> whole_key() const;
    // The same as keys to compare.
    Keys keys() const;

    // Sets the values.  Adds to `rebuilt` the documents that have to be compared instead: all, where a table can only be reached by
    // SQL; those that have no place for a value.  Those that are in it already are left to it.  Needs the documents' locks.
    Written apply(catalog::Compiled &tview, Moment moment, Keys &rebuilt);

private:
    void sort_items();
    Written patch_documents(catalog::Compiled &tview, Relation table, std::vector<CopiedValues> &values, Moment moment, Keys &rebuilt);

    std::vector<CarriedRows> sources_;
    std::vector<PatchItem> items_;
    std::unique_ptr<pg::RowSet> documents_;
};

}  // namespace tviews::refresh
