// The copied columns of one occurrence's changed rows, and what is computed of them: their values now, and where these go in the
// documents.
//
// The rows are read again, on the flush's snapshot: what a seed was made of may have been rolled back since.
// Not here: the documents (patch.hpp).
#pragma once

#include <set>
#include <vector>

#include "catalog/compiled.hpp"
#include "pg/jsonb_patch.hpp"
#include "pg/lookup.hpp"
#include "pg/row_expressions.hpp"
#include "pg/row_set.hpp"

namespace tviews::refresh {

// Rows as a walk carried them to its end: from `carried_at` on what catalog::Copies says.
struct CarriedRows {
    int occurrence = -1;
    std::set<AttrNumber> changed;
    pg::RowSet rows;
    std::size_t carried_at = 0;
};

class CopiedValues {
public:
    // Keeps references.
    CopiedValues(const catalog::Compiled &tview, const CarriedRows &carried);

    // Opens the table, on the active snapshot, which must stay; not if only SQL may read it.  Returns whether it did.
    bool open();
    void close();

    // What goes into the documents, one of each for each copy.
    struct Values {
        Datum *copies;
        bool *nulls;
        pg::JsonSetting *settings;        // if it goes inside of JSON
    };

    // Reads the rows, each once and in the order of the index, into this context and for as long as it lasts: as many as work_mem
    // has room for.  Returns whether all values can be had: those that are computed only if there is room for all, and if no
    // computation fails, as it may for a row that the query's conditions would have kept from it.
    bool read_ahead(MemoryContext longer);

    // The functions below are C-side.

    // The values of a changed row, in the current memory context if they were not read ahead.  Null if it is gone: then its deletion
    // is a seed of its own.
    const Values *values(std::size_t row);
    int count() const { return static_cast<int>(copies_.size()); }

    // Where the n-th value goes: which of the definition's columns, and whether it is all of it.
    int output(int n) const { return copies_[static_cast<std::size_t>(n)].output; }
    bool is_whole_output(int n) const { return copies_[static_cast<std::size_t>(n)].copy->path.empty(); }

    // Or the values go into elements of an array in one of the definition's columns; -1: they do not.
    int array_output() const { return array_output_; }
    // What the elements hold that are made of a row.
    const JsonbValue *ids(std::size_t row) const;
    pg::JsonArray array(pg::JsonElement *elements, int count) const;

private:
    struct Target {
        const model::Copy *copy;
        int output;
        pg::JsonPlace place;
        FmgrInfo *converter;
    };
    // A changed row; `values` is null if it is gone.  The table's columns are kept while values are still to be computed of them.
    struct Row {
        Values *values;
        Datum *columns;
        bool *nulls;
    };
    void tell_rows_apart();
    bool keep_ahead(std::uint32_t changed, MemoryContext longer);
    bool compute_ahead(MemoryContext longer);
    void compute(pg::RowExpressions &expressions, const Row &row, MemoryContext longer) const;
    Row read(std::size_t changed);
    void keep_columns(Row &row, TupleTableSlot *slot) const;
    void set(Values &values, std::size_t i) const;

    const CarriedRows &carried_;
    const model::ProvenCopies &proven_;
    const model::Occurrence &occurrence_;
    Oid reader_;
    pg::RowSet changed_;          // the changed rows' identities
    std::vector<std::uint32_t> changed_of_;       // by row
    std::vector<Row> ahead_;      // by changed row
    std::vector<bool> is_ahead_;
    std::size_t identity_at_;     // columns of the carried rows
    std::size_t ids_at_;
    std::vector<Target> copies_;
    std::vector<std::size_t> computed_;           // those of them that are
    std::set<AttrNumber> computed_of_;
    int array_output_ = -1;
    pg::JsonPlace array_place_{};
    pg::JsonPlace id_places_[INDEX_MAX_KEYS] = {};
    FmgrInfo *id_converters_[INDEX_MAX_KEYS] = {};
    Relation table_ = nullptr;
    pg::Lookup lookup_;
};

}  // namespace tviews::refresh
