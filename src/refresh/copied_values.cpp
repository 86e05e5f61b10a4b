// Reading copied columns; see copied_values.hpp.
#include "refresh/copied_values.hpp"

#include <algorithm>
#include <memory>

#include "pg/subtransaction.hpp"

namespace tviews::refresh {

namespace {

// In the current memory context, over the path's own text.  C-side.
pg::JsonPlace place_of(const std::vector<std::string> &path)
{
    auto **keys = static_cast<const char **>(palloc(sizeof(char *) * (path.size() + 1)));
    auto *lengths = static_cast<int *>(palloc(sizeof(int) * (path.size() + 1)));
    for (std::size_t i = 0; i < path.size(); ++i) {
        keys[i] = path[i].c_str();
        lengths[i] = static_cast<int>(path[i].size());
    }
    return {keys, lengths, static_cast<int>(path.size())};
}

// A column's value, in the current memory context.  C-side.
Datum kept(TupleTableSlot *slot, AttrNumber column, bool *is_null)
{
    Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor, column - 1);
    Datum value = slot->tts_values[column - 1];
    *is_null = slot->tts_isnull[column - 1];
    return *is_null ? 0 : datumCopy(value, attribute->attbyval, attribute->attlen);
}

bool has_room(MemoryContext memory)
{
    return MemoryContextMemAllocated(memory, false) <= static_cast<Size>(work_mem) * 1024;
}

// The types of columns [from, from + count).
std::vector<Oid> types_of(const pg::RowSet &rows, std::size_t from, std::size_t count)
{
    std::vector<Oid> types;
    for (std::size_t i = 0; i < count; ++i)
        types.push_back(rows.type(from + i));
    return types;
}

}  // namespace

CopiedValues::CopiedValues(const catalog::Compiled &tview, const CarriedRows &carried)
    : carried_(carried), proven_(tview.copies[static_cast<std::size_t>(carried.occurrence)]->proven),
      occurrence_(tview.analysis.occurrences[static_cast<std::size_t>(carried.occurrence)]),
      reader_(occurrence_.reader != 0 ? occurrence_.reader : tview.owner),
      changed_(types_of(carried.rows, carried.carried_at, proven_.row.identity.size())), identity_at_(carried.carried_at),
      ids_at_(identity_at_ + proven_.row.identity.size())
{
    auto output = [&](const std::string &name) {
        const auto &columns = tview.tview.columns;
        return static_cast<int>(std::find(columns.begin(), columns.end(), name) - columns.begin());
    };
    auto has_changed = [&](AttrNumber column) { return carried.changed.count(column) != 0; };
    for (const model::Copy &copy : proven_.row.copies) {
        if (std::none_of(copy.columns.begin(), copy.columns.end(), has_changed))
            continue;
        if (!copy.computed.empty()) {
            computed_.push_back(copies_.size());
            computed_of_.insert(copy.columns.begin(), copy.columns.end());
        }
        copies_.push_back({&copy, proven_.array ? -1 : output(copy.output), {}, nullptr});
    }
    if (proven_.array)
        array_output_ = output(proven_.array->output);
    tell_rows_apart();
}

void CopiedValues::tell_rows_apart()
{
    std::size_t width = changed_.width();
    auto values = std::make_unique<Datum[]>(width);
    auto nulls = std::make_unique<bool[]>(width);
    changed_of_.reserve(carried_.rows.size());
    for (std::size_t row = 0; row < carried_.rows.size(); ++row) {
        for (std::size_t i = 0; i < width; ++i) {
            values[i] = carried_.rows.value(row, identity_at_ + i);
            nulls[i] = carried_.rows.is_null(row, identity_at_ + i);
        }
        changed_of_.push_back(static_cast<std::uint32_t>(changed_.add(values.get(), nulls.get())));
    }
    ahead_.resize(changed_.size());
    is_ahead_.resize(changed_.size());
}

bool CopiedValues::open()
{
    auto span = pg::dense_span(changed_, 0, changed_.size());
    return pg::call([&] {
        table_ = table_open(occurrence_.relation, AccessShareLock);
        if (!pg::is_open_to(table_, reader_) || !pg::is_usable(proven_.row.index)) {
            table_close(table_, NoLock);
            return false;
        }
        lookup_.open(table_, proven_.row.index, span);
        for (Target &copy : copies_) {
            copy.place = place_of(copy.copy->path);
            copy.converter = pg::to_jsonb_of(copy.copy->type);
        }
        if (!proven_.array)
            return true;
        array_place_ = place_of(proven_.array->path);
        for (std::size_t i = 0; i < proven_.array->identity.size(); ++i) {
            id_places_[i] = place_of(proven_.array->identity[i].path);
            id_converters_[i] = pg::to_jsonb_of(carried_.rows.type(ids_at_ + i));
        }
        return true;
    });
}

void CopiedValues::close()
{
    pg::call([&] {
        lookup_.close();
        table_close(table_, NoLock);
    });
}

bool CopiedValues::read_ahead(MemoryContext longer)
{
    for (std::uint32_t changed : changed_.in_order())
        if (!keep_ahead(changed, longer))
            return computed_.empty();
    return computed_.empty() || compute_ahead(longer);
}

// Returns whether there was room.
bool CopiedValues::keep_ahead(std::uint32_t changed, MemoryContext longer)
{
    if (!has_room(longer))
        return false;
    pg::call([&] {
        CHECK_FOR_INTERRUPTS();
        MemoryContext caller = MemoryContextSwitchTo(longer);
        ahead_[changed] = read(changed);
        MemoryContextSwitchTo(caller);
    });
    is_ahead_[changed] = true;
    return true;
}

// Returns whether all computations went well, and there was room.
bool CopiedValues::compute_ahead(MemoryContext longer)
{
    std::vector<std::string> texts;
    for (std::size_t i : computed_)
        texts.push_back(copies_[i].copy->computed);
    pg::RowExpressions expressions;
    bool done = true;
    ErrorData *failure = pg::attempt([&] {
        pg::call([&] { expressions.open(texts, RelationGetDescr(table_)); });
        for (auto row = ahead_.begin(); done && row != ahead_.end(); ++row) {
            if (row->values != nullptr)
                pg::call([&] { compute(expressions, *row, longer); });
            done = has_room(longer);
        }
        pg::call([&] { expressions.close(); });
    });
    if (failure != nullptr && !pg::is_about_data(failure))
        throw pg::Error(failure);
    return done && failure == nullptr;
}

// C-side.
void CopiedValues::compute(pg::RowExpressions &expressions, const Row &row, MemoryContext longer) const
{
    CHECK_FOR_INTERRUPTS();
    MemoryContext caller = MemoryContextSwitchTo(longer);
    expressions.take(row.columns, row.nulls);
    for (std::size_t i = 0; i < computed_.size(); ++i) {
        std::size_t at = computed_[i];
        row.values->copies[at] = expressions.evaluate(i, &row.values->nulls[at]);
        set(*row.values, at);
    }
    MemoryContextSwitchTo(caller);
}

const CopiedValues::Values *CopiedValues::values(std::size_t row)
{
    std::uint32_t changed = changed_of_[row];
    return is_ahead_[changed] ? ahead_[changed].values : read(changed).values;
}

const JsonbValue *CopiedValues::ids(std::size_t row) const
{
    std::size_t count = proven_.array->identity.size();
    auto *ids = static_cast<JsonbValue *>(palloc(sizeof(JsonbValue) * count));
    for (std::size_t i = 0; i < count; ++i)
        ids[i] = pg::json_value(id_converters_[i], carried_.rows.value(row, ids_at_ + i), carried_.rows.is_null(row, ids_at_ + i));
    return ids;
}

pg::JsonArray CopiedValues::array(pg::JsonElement *elements, int count) const
{
    return {&array_place_, id_places_, static_cast<int>(proven_.array->identity.size()), elements, count};
}

// C-side, as are the next two.
CopiedValues::Row CopiedValues::read(std::size_t changed)
{
    Datum identity[INDEX_MAX_KEYS];
    for (std::size_t i = 0; i < changed_.width(); ++i)
        identity[i] = changed_.value(changed, i);
    TupleTableSlot *slot = lookup_.fetch(identity);
    if (slot == nullptr)
        return {};
    Row row{static_cast<Values *>(palloc(sizeof(Values))), nullptr, nullptr};
    row.values->copies = static_cast<Datum *>(palloc(sizeof(Datum) * copies_.size()));
    row.values->nulls = static_cast<bool *>(palloc(sizeof(bool) * copies_.size()));
    row.values->settings = static_cast<pg::JsonSetting *>(palloc(sizeof(pg::JsonSetting) * copies_.size()));
    for (std::size_t i = 0; i < copies_.size(); ++i) {
        if (!copies_[i].copy->computed.empty())
            continue;
        row.values->copies[i] = kept(slot, copies_[i].copy->column(), &row.values->nulls[i]);
        set(*row.values, i);
    }
    if (!computed_.empty())
        keep_columns(row, slot);
    return row;
}

void CopiedValues::keep_columns(Row &row, TupleTableSlot *slot) const
{
    auto width = static_cast<std::size_t>(slot->tts_tupleDescriptor->natts);
    row.columns = static_cast<Datum *>(palloc0(sizeof(Datum) * width));
    row.nulls = static_cast<bool *>(palloc(sizeof(bool) * width));
    std::fill_n(row.nulls, width, true);
    for (AttrNumber column : computed_of_)
        row.columns[column - 1] = kept(slot, column, &row.nulls[column - 1]);
}

void CopiedValues::set(Values &values, std::size_t i) const
{
    values.settings[i].place = &copies_[i].place;
    if (array_output_ >= 0 || !copies_[i].copy->path.empty())
        values.settings[i].value = pg::json_value(copies_[i].converter, values.copies[i], values.nulls[i]);
}

}  // namespace tviews::refresh
