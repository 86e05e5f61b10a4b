// A set of rows of fixed column types, deduplicated by image, in a memory context of its own.
//
// Seeds, walked rows and keys are row sets.  Equal is identical here: numeric 1.0 and 1.00 are two rows, which costs time,
// never correctness.  Values are copied and detoasted, so they outlive the tuple they came from.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::pg {

class RowSet {
public:
    explicit RowSet(const std::vector<Oid> &types);
    ~RowSet();
    RowSet(RowSet &&other) noexcept;
    RowSet &operator=(RowSet &&other) noexcept;
    RowSet(const RowSet &) = delete;
    RowSet &operator=(const RowSet &) = delete;

    // Adds a copy of the row unless it is there already.  Returns its number.
    std::size_t add(const Datum *values, const bool *nulls);

    // Adds a row of another set.
    void add(const RowSet &rows, std::size_t row);

    // Whether a row of another set is in this one.
    bool contains(const RowSet &rows, std::size_t row) const;

    // Adds these columns of another set's rows; with `wanted`, of those rows for which it says so.
    void add(const RowSet &rows, const std::vector<std::size_t> &columns,
             const std::function<bool(std::size_t)> &wanted = nullptr);

    std::size_t size() const { return hashes_.size(); }
    bool empty() const { return hashes_.empty(); }
    std::size_t width() const { return columns_.size(); }
    Oid type(std::size_t column) const { return columns_[column].type; }
    Datum value(std::size_t row, std::size_t column) const { return values_[row * columns_.size() + column]; }
    bool is_null(std::size_t row, std::size_t column) const { return nulls_[row * columns_.size() + column] != 0; }

    // The numbers of the rows in the order that an index over the columns has, if there are many and the order is cheap to know; else as
    // they came.  Index pages and table pages are then come by one after the other.
    std::vector<std::uint32_t> in_order() const;
    // Puts the rows themselves in that order.
    void sort();

    std::vector<Oid> types(const std::vector<std::size_t> &columns) const;
    bool has_null(std::size_t row, const std::vector<std::size_t> &columns) const;

    // Type of array() for a column: an array over its type; of text, if its type has no array type (arrays have none).
    Oid array_type(std::size_t column) const;

    // Rows [from, to) of a column as a PostgreSQL array, allocated in the current memory context.
    Datum array(std::size_t column, std::size_t from, std::size_t to) const;

    // Bytes held, approximately.
    std::size_t bytes() const;

    // The row as text for people: (1, abc), allocated nowhere but in the result.
    std::string describe(std::size_t row) const;

private:
    struct Column {
        Oid type;
        int16 length;
        bool by_value;
        char align;
    };
    bool same(std::size_t row, const Datum *values, const bool *nulls) const;
    std::uint32_t hash(const Datum *values, const bool *nulls) const;
    std::size_t slot(std::uint32_t hash, const Datum *values, const bool *nulls) const;
    void fill_table() const;
    bool is_cheap_to_sort() const;

    std::vector<Column> columns_;
    MemoryContext context_ = nullptr;
    std::vector<Datum> values_;
    std::vector<unsigned char> nulls_;
    std::vector<std::uint32_t> hashes_;
    // Made anew when a row is looked for, if it is not there.
    mutable std::vector<std::uint32_t> table_;    // open addressing; row number + 1, 0 is free
};

// 0, 1 … count - 1.
std::vector<std::size_t> first_columns(std::size_t count);

}  // namespace tviews::pg
