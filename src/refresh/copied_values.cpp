// Reading copied columns; see copied_values.hpp.
#include "refresh/copied_values.hpp"

#include <algorithm>

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

}  // namespace

CopiedValues::CopiedValues(const catalog::Compiled &tview, const CarriedRows &carried)
    : carried_(carried), proven_(tview.copies[static_cast<std::size_t>(carried.occurrence)]->proven),
      occurrence_(tview.analysis.occurrences[static_cast<std::size_t>(carried.occurrence)]),
      reader_(occurrence_.reader != 0 ? occurrence_.reader : tview.owner), identity_at_(carried.carried_at),
      ids_at_(identity_at_ + proven_.row.identity.size())
{
    auto output = [&](const std::string &name) {
        const auto &columns = tview.tview.columns;
        return static_cast<int>(std::find(columns.begin(), columns.end(), name) - columns.begin());
    };
    for (const model::Copy &copy : proven_.row.copies)
        if (carried.changed.count(copy.column) != 0)
            copies_.push_back({copy.column - 1, proven_.array ? -1 : output(copy.output), &copy.path, {}, nullptr});
    if (proven_.array)
        array_output_ = output(proven_.array->output);
    for (std::size_t row = 1; row < carried.rows.size() && !several_; ++row)
        several_ = !pg::call([&] { return same_identity(0, row); });
}

bool CopiedValues::open()
{
    return pg::call([&] {
        table_ = table_open(occurrence_.relation, AccessShareLock);
        if (!is_readable()) {
            table_close(table_, NoLock);
            return false;
        }
        lookup_.open(table_, proven_.row.index);
        for (Target &copy : copies_) {
            copy.place = place_of(*copy.path);
            copy.converter = pg::to_jsonb_of(TupleDescAttr(RelationGetDescr(table_), copy.attribute)->atttypid);
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

const CopiedValues::Values *CopiedValues::values(std::size_t row, MemoryContext longer)
{
    if (several_)
        return read(row);
    if (!known_) {
        MemoryContext caller = MemoryContextSwitchTo(longer);
        only_ = read(row);
        known_ = true;
        MemoryContextSwitchTo(caller);
    }
    return only_;
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

// Whether a statement of the TVIEW's would see every row, and be allowed to.  C-side.
bool CopiedValues::is_readable() const
{
    const FormData_pg_class *form = table_->rd_rel;
    return form->relkind == RELKIND_RELATION && !form->relhassubclass && !form->relrowsecurity &&
           pg_class_aclcheck(occurrence_.relation, reader_, ACL_SELECT) == ACLCHECK_OK;
}

// C-side.
bool CopiedValues::same_identity(std::size_t one, std::size_t other) const
{
    for (std::size_t i = identity_at_; i < ids_at_; ++i)
        if (!carried_.rows.same_value(one, other, i))
            return false;
    return true;
}

// C-side.
const CopiedValues::Values *CopiedValues::read(std::size_t row)
{
    Datum identity[INDEX_MAX_KEYS];
    for (std::size_t i = identity_at_; i < ids_at_; ++i)
        identity[i - identity_at_] = carried_.rows.value(row, i);
    TupleTableSlot *slot = lookup_.fetch(identity);
    if (slot == nullptr)
        return nullptr;
    auto *values = static_cast<Values *>(palloc(sizeof(Values)));
    values->columns = static_cast<Datum *>(palloc(sizeof(Datum) * copies_.size()));
    values->nulls = static_cast<bool *>(palloc(sizeof(bool) * copies_.size()));
    values->settings = static_cast<pg::JsonSetting *>(palloc(sizeof(pg::JsonSetting) * copies_.size()));
    for (std::size_t i = 0; i < copies_.size(); ++i) {
        const Target &copy = copies_[i];
        Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table_), copy.attribute);
        values->nulls[i] = slot->tts_isnull[copy.attribute];
        values->columns[i] =
            values->nulls[i] ? 0 : datumCopy(slot->tts_values[copy.attribute], attribute->attbyval, attribute->attlen);
        values->settings[i].place = &copy.place;
        if (!copy.path->empty() || array_output_ >= 0)
            values->settings[i].value = pg::json_value(copy.converter, values->columns[i], values->nulls[i]);
    }
    return values;
}

}  // namespace tviews::refresh
