// Row sets; see row_set.hpp.
#include "pg/row_set.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace tviews::pg {

RowSet::RowSet(const std::vector<Oid> &types)
{
    for (Oid type : types) {
        columns_.push_back(call([&] {
            Column column{type, 0, false, 0};
            get_typlenbyvalalign(type, &column.length, &column.by_value, &column.align);
            return column;
        }));
    }
    context_ = call([] { return AllocSetContextCreate(TopMemoryContext, "pg_tviews rows", ALLOCSET_SMALL_SIZES); });
}

RowSet::~RowSet()
{
    if (context_ != nullptr)
        MemoryContextDelete(context_);
}

RowSet::RowSet(RowSet &&other) noexcept
    : columns_(std::move(other.columns_)), context_(std::exchange(other.context_, nullptr)),
      values_(std::move(other.values_)), nulls_(std::move(other.nulls_)), hashes_(std::move(other.hashes_)),
      table_(std::move(other.table_))
{
}

RowSet &RowSet::operator=(RowSet &&other) noexcept
{
    std::swap(columns_, other.columns_);
    std::swap(context_, other.context_);
    std::swap(values_, other.values_);
    std::swap(nulls_, other.nulls_);
    std::swap(hashes_, other.hashes_);
    std::swap(table_, other.table_);
    return *this;
}

bool RowSet::same(std::size_t row, const Datum *values, const bool *nulls) const
{
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (is_null(row, i) != nulls[i])
            return false;
        if (!nulls[i] && !datum_image_eq(value(row, i), values[i], columns_[i].by_value, columns_[i].length))
            return false;
    }
    return true;
}

// With room for one more row than there are.
void RowSet::fill_table() const
{
    std::size_t size = std::max<std::size_t>(16, table_.size());
    while (size < (hashes_.size() + 1) * 2)
        size *= 2;
    table_.assign(size, 0);
    for (std::size_t row = 0; row < hashes_.size(); ++row) {
        std::size_t at = hashes_[row] & (table_.size() - 1);
        while (table_[at] != 0)
            at = (at + 1) & (table_.size() - 1);
        table_[at] = static_cast<std::uint32_t>(row + 1);
    }
}

// C-side, as is the next: hashing and comparing may detoast.
std::uint32_t RowSet::hash(const Datum *values, const bool *nulls) const
{
    std::uint32_t hash = 0x9e3779b9u;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        hash = hash_combine(hash, nulls[i] ? 0 : datum_image_hash(values[i], columns_[i].by_value, columns_[i].length));
    return hash;
}

// Where in the table the row is, or would be.
std::size_t RowSet::slot(std::uint32_t hash, const Datum *values, const bool *nulls) const
{
    std::size_t at = hash & (table_.size() - 1);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
        std::size_t row = table_[at] - 1;
        if (hashes_[row] == hash && same(row, values, nulls))
            break;
    }
    return at;
}

void RowSet::add(const RowSet &rows, std::size_t row)
{
    const Datum *values = rows.values_.data() + row * columns_.size();
    add(values, reinterpret_cast<const bool *>(rows.nulls_.data() + row * columns_.size()));
}

bool RowSet::contains(const RowSet &rows, std::size_t row) const
{
    const Datum *values = rows.values_.data() + row * columns_.size();
    auto *nulls = reinterpret_cast<const bool *>(rows.nulls_.data() + row * columns_.size());
    if (empty())
        return false;
    if (table_.empty())
        fill_table();
    return pg::call([&] { return table_[slot(hash(values, nulls), values, nulls)] != 0; });
}

std::size_t RowSet::add(const Datum *values, const bool *nulls)
{
    if ((hashes_.size() + 1) * 2 > table_.size())
        fill_table();
    std::size_t width = columns_.size();
    Datum *copies = nullptr;
    std::size_t at = 0;
    std::uint32_t sum = 0;
    // One guard for the whole row: hashing and comparing may detoast, copying allocates.
    bool fresh = call([&] {
        sum = hash(values, nulls);
        at = slot(sum, values, nulls);
        if (table_[at] != 0)
            return false;
        MemoryContext caller = MemoryContextSwitchTo(context_);
        copies = static_cast<Datum *>(palloc(sizeof(Datum) * (width + 1)));
        for (std::size_t i = 0; i < width; ++i) {
            if (nulls[i])
                copies[i] = 0;
            else if (columns_[i].length == -1)
                copies[i] = PointerGetDatum(PG_DETOAST_DATUM_COPY(values[i]));
            else
                copies[i] = datumCopy(values[i], columns_[i].by_value, columns_[i].length);
        }
        MemoryContextSwitchTo(caller);
        return true;
    });
    if (!fresh)
        return table_[at] - 1;
    values_.insert(values_.end(), copies, copies + width);
    nulls_.insert(nulls_.end(), nulls, nulls + width);
    hashes_.push_back(sum);
    table_[at] = static_cast<std::uint32_t>(hashes_.size());
    pfree(copies);
    return hashes_.size() - 1;
}

void RowSet::add(const RowSet &rows, const std::vector<std::size_t> &columns, const std::function<bool(std::size_t)> &wanted)
{
    auto values = std::make_unique<Datum[]>(columns.size() + 1);
    auto nulls = std::make_unique<bool[]>(columns.size() + 1);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (wanted && !wanted(row))
            continue;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            values[i] = rows.value(row, columns[i]);
            nulls[i] = rows.is_null(row, columns[i]);
        }
        add(values.get(), nulls.get());
    }
}

namespace {

// From so many rows on the order is worth knowing.
constexpr std::size_t many = 8;

}  // namespace

// Where no collation has to be asked.
bool RowSet::is_cheap_to_sort() const
{
    return call([&] {
        return std::all_of(columns_.begin(), columns_.end(), [](const Column &column) {
            return !OidIsValid(get_typcollation(column.type)) &&
                   OidIsValid(lookup_type_cache(column.type, TYPECACHE_LT_OPR)->lt_opr);
        });
    });
}

std::vector<std::uint32_t> RowSet::in_order() const
{
    std::vector<std::uint32_t> rows(size());
    std::iota(rows.begin(), rows.end(), 0);
    if (rows.size() < many || !is_cheap_to_sort())
        return rows;
    std::vector<SortSupportData> support(columns_.size());
    call([&] {
        for (std::size_t i = 0; i < support.size(); ++i) {
            support[i].ssup_cxt = CurrentMemoryContext;
            support[i].ssup_collation = InvalidOid;
            PrepareSortSupportFromOrderingOp(lookup_type_cache(columns_[i].type, TYPECACHE_LT_OPR)->lt_opr, &support[i]);
        }
        std::sort(rows.begin(), rows.end(), [&](std::uint32_t one, std::uint32_t other) {
            for (std::size_t i = 0; i < support.size(); ++i)
                if (int order = ApplySortComparator(value(one, i), is_null(one, i), value(other, i), is_null(other, i), &support[i]))
                    return order < 0;
            return false;
        });
    });
    return rows;
}

void RowSet::sort()
{
    std::vector<std::uint32_t>().swap(table_);
    std::vector<std::uint32_t> order = in_order();
    if (std::is_sorted(order.begin(), order.end()))
        return;
    std::size_t width = columns_.size();
    std::vector<Datum> values;
    std::vector<unsigned char> nulls;
    std::vector<std::uint32_t> hashes;
    values.reserve(values_.size());
    nulls.reserve(nulls_.size());
    hashes.reserve(hashes_.size());
    for (std::uint32_t row : order) {
        values.insert(values.end(), values_.begin() + row * width, values_.begin() + (row + 1) * width);
        nulls.insert(nulls.end(), nulls_.begin() + row * width, nulls_.begin() + (row + 1) * width);
        hashes.push_back(hashes_[row]);
    }
    values_ = std::move(values);
    nulls_ = std::move(nulls);
    hashes_ = std::move(hashes);
}

std::vector<Oid> RowSet::types(const std::vector<std::size_t> &columns) const
{
    std::vector<Oid> found;
    for (std::size_t column : columns)
        found.push_back(type(column));
    return found;
}

bool RowSet::has_null(std::size_t row, const std::vector<std::size_t> &columns) const
{
    return std::any_of(columns.begin(), columns.end(), [&](std::size_t column) { return is_null(row, column); });
}

std::vector<std::size_t> first_columns(std::size_t count)
{
    std::vector<std::size_t> columns(count);
    std::iota(columns.begin(), columns.end(), 0);
    return columns;
}

Oid RowSet::array_type(std::size_t column) const
{
    Oid type = call(get_array_type, columns_[column].type);
    return OidIsValid(type) ? type : TEXTARRAYOID;
}

Datum RowSet::array(std::size_t column, std::size_t from, std::size_t to) const
{
    int count = static_cast<int>(to - from);
    std::vector<Datum> values(count);
    std::vector<char> nulls(count);
    for (int i = 0; i < count; ++i) {
        values[i] = value(from + i, column);
        nulls[i] = is_null(from + i, column);
    }
    Column element = columns_[column];
    Datum *elements = values.data();
    auto *absent = reinterpret_cast<bool *>(nulls.data());
    bool as_text = array_type(column) == TEXTARRAYOID && element.type != TEXTOID;
    return call([&] {
        if (as_text) {
            Oid output;
            bool varlena;
            getTypeOutputInfo(element.type, &output, &varlena);
            for (int i = 0; i < count; ++i)
                if (!absent[i])
                    elements[i] = CStringGetTextDatum(OidOutputFunctionCall(output, elements[i]));
            element = Column{TEXTOID, -1, false, TYPALIGN_INT};
        }
        int dimensions[1] = {count}, lower[1] = {1};
        return PointerGetDatum(construct_md_array(elements, absent, 1, dimensions, lower, element.type, element.length,
                                                  element.by_value, element.align));
    });
}

std::size_t RowSet::bytes() const
{
    return MemoryContextMemAllocated(context_, true) + values_.capacity() * sizeof(Datum) + nulls_.capacity() +
           (hashes_.capacity() + table_.capacity()) * sizeof(std::uint32_t);
}

std::string RowSet::describe(std::size_t row) const
{
    std::string text = "(";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        text += i ? ", " : "";
        if (is_null(row, i)) {
            text += "NULL";
            continue;
        }
        text += call([&]() -> const char * {
            Oid output;
            bool varlena;
            getTypeOutputInfo(columns_[i].type, &output, &varlena);
            return OidOutputFunctionCall(output, value(row, i));
        });
    }
    return text + ")";
}

}  // namespace tviews::pg
