// Walking from seeds to keys; see walk.hpp.
//
// Each occurrence goes its own way; every step is one statement over arrays, on a snapshot taken for it.
#include "refresh/walk.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "catalog/settings.hpp"
#include "refresh/identity.hpp"
#include "refresh/shared_values.hpp"

namespace tviews::refresh {

namespace {

// From so many rows on a step is planned for its actual arrays.
constexpr std::size_t large_set = 200;

pg::Parameters array_parameters(const pg::RowSet &rows)
{
    pg::Parameters parameters;
    for (std::size_t column = 0; column < rows.width(); ++column)
        parameters.values.push_back(rows.array(column, 0, rows.size()));
    return parameters;
}

std::vector<Oid> array_types(const pg::RowSet &rows)
{
    std::vector<Oid> types;
    for (std::size_t column = 0; column < rows.width(); ++column)
        types.push_back(rows.array_type(column));
    return types;
}

// Copies some columns of a row set.
pg::RowSet project(const pg::RowSet &rows, const std::vector<std::size_t> &columns)
{
    std::vector<Oid> types;
    for (std::size_t column : columns)
        types.push_back(rows.type(column));
    pg::RowSet projected(types);
    auto values = std::make_unique<Datum[]>(columns.size() + 1);
    auto nulls = std::make_unique<bool[]>(columns.size() + 1);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            values[i] = rows.value(row, columns[i]);
            nulls[i] = rows.is_null(row, columns[i]);
        }
        projected.add(values.get(), nulls.get());
    }
    return projected;
}

// Runs one statement of a walk over `rows` and collects the rows it finds.
pg::RowSet step(catalog::Compiled &tview, const plan::Statement &statement, const pg::RowSet &rows, Moment moment)
{
    Oid reader = statement.reader != 0 ? statement.reader : tview.owner;
    RoleScope role(reader, Security::restricted);
    SnapshotScope snapshot(moment);
    std::unique_ptr<pg::RowSet> found;
    tview.statement(statement.sql, array_types(rows))
        .query(array_parameters(rows), rows.size() >= large_set, [&](TupleTableSlot *slot) {
            if (!found) {
                std::vector<Oid> types;
                for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i)
                    types.push_back(TupleDescAttr(slot->tts_tupleDescriptor, i)->atttypid);
                found = std::make_unique<pg::RowSet>(types);
            }
            pg::call([&] { slot_getallattrs(slot); });
            found->add(slot->tts_values, slot->tts_isnull);
        });
    return found ? std::move(*found) : pg::RowSet(std::vector<Oid>{});
}

std::vector<std::size_t> positions(const std::vector<model::AttributeNumber> &wanted,
                                   const std::vector<model::AttributeNumber> &layout)
{
    std::vector<std::size_t> found;
    for (model::AttributeNumber column : wanted)
        found.push_back(static_cast<std::size_t>(std::find(layout.begin(), layout.end(), column) - layout.begin()));
    return found;
}

// The keys one walk finds, from the seeds of its occurrence; nothing if they are too many to be held.
std::optional<pg::RowSet> follow(catalog::Compiled &tview, const catalog::OccurrencePlan &plan, const plan::CompiledWalk &walk,
                  const pg::RowSet &seeds, Moment moment)
{
    auto columns = positions(walk.seed_columns, plan.seed_columns);
    if (walk.statements.empty()) {
        std::vector<std::size_t> key;
        for (std::size_t i : walk.direct)
            key.push_back(columns[i]);
        return project(seeds, key);
    }
    pg::RowSet rows = project(seeds, columns);
    for (const plan::Statement &statement : walk.statements) {
        rows = step(tview, statement, rows, moment);
        if (rows.empty())
            break;
        if (rows.bytes() > catalog::seed_memory())
            return std::nullopt;
    }
    return rows;
}

bool has_null(const pg::RowSet &rows, std::size_t row)
{
    for (std::size_t i = 0; i < rows.width(); ++i)
        if (rows.is_null(row, i))
            return true;
    return false;
}

// Adds `found` to the keys.  A NULL among them: by an equality it matches nothing; from the key's owner itself it may be a
// document without a key, which only a full comparison can tell.
void collect(Keys &keys, const plan::CompiledWalk &walk, const pg::RowSet &found)
{
    if (found.empty())
        return;
    std::vector<Oid> types;
    for (std::size_t i = 0; i < found.width(); ++i)
        types.push_back(found.type(i));
    auto known = keys.parts.try_emplace(walk.key_columns, types).first;
    for (std::size_t i = 0; i < types.size(); ++i)
        if (known->second.type(i) != types[i])
            pg::raise({ERRCODE_INTERNAL_ERROR, "pg_tviews: two walks give keys of different types"});
    auto values = std::make_unique<Datum[]>(found.width() + 1);
    auto nulls = std::make_unique<bool[]>(found.width() + 1);
    for (std::size_t row = 0; row < found.size(); ++row) {
        if (has_null(found, row)) {
            keys.everything |= !walk.elided;
            continue;
        }
        for (std::size_t i = 0; i < found.width(); ++i) {
            values[i] = found.value(row, i);
            nulls[i] = false;
        }
        known->second.add(values.get(), nulls.get());
    }
}

// The shared value through which alone the occurrence reaches documents, if it has no route and the value can be compared.
int only_shared(const catalog::Compiled &tview, int occurrence)
{
    bool known = occurrence >= 0 && occurrence < static_cast<int>(tview.plans.size());
    if (!known || !tview.plans[occurrence].everything || queue::Queue::current().compared.count(tview.tview.table) != 0)
        return -1;
    return tview.analysis.occurrences[occurrence].shared_value;
}

}  // namespace

Keys walk(catalog::Compiled &tview, const std::vector<std::pair<int, const queue::Seeds *>> &seeds, Moment moment)
{
    Keys keys;
    std::set<int> shared_values;
    for (const auto &[occurrence, seed] : seeds) {
        if (int shared_value = only_shared(tview, occurrence); shared_value >= 0) {
            shared_values.insert(shared_value);
            continue;
        }
        bool known = occurrence >= 0 && occurrence < static_cast<int>(tview.plans.size());
        if (!known || seed->everything || tview.plans[occurrence].everything ||
            seed->rows.width() != tview.plans[occurrence].seed_columns.size())
            keys.everything = true;
    }
    keys.everything = keys.everything || shared_values_differ(tview, shared_values, moment);
    for (const auto &[occurrence, seed] : seeds) {
        if (keys.everything)
            break;
        for (const plan::CompiledWalk &way : tview.plans[occurrence].walks) {
            auto found = follow(tview, tview.plans[occurrence], way, seed->rows, moment);
            if (found)
                collect(keys, way, *found);
            else
                keys.everything = true;
        }
    }
    return keys;
}

}  // namespace tviews::refresh
