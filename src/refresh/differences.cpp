// Comparing documents; see differences.hpp.
#include "refresh/differences.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <set>

#include "plan/identifier.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"

namespace tviews::refresh {

namespace {

std::uint64_t tid_number(Datum tid)
{
    auto *pointer = reinterpret_cast<ItemPointer>(DatumGetPointer(tid));
    return (std::uint64_t{ItemPointerGetBlockNumberNoCheck(pointer)} << 16) | ItemPointerGetOffsetNumberNoCheck(pointer);
}

std::string tid_text(std::uint64_t tid)
{
    return fmt::format("({},{})", tid >> 16, tid & 0xffff);
}

}  // namespace

Differences::Differences(catalog::Compiled &tview, stats::Progress *progress)
    : tview_(tview), progress_(progress), store_(pg::call([] { return tuplestore_begin_heap(false, false, work_mem); }))
{
}

void Differences::compare(pg::Statement &statement, const pg::Parameters &parameters, bool large, Moment moment)
{
    RoleScope role(tview_.owner, Security::restricted);
    SnapshotScope snapshot(moment);
    statement.query(parameters, large, [&](TupleTableSlot *slot) { take(slot); });
    check_duplicates(moment);
}

void Differences::each(char action, const std::function<void(TupleTableSlot *)> &row)
{
    std::uint64_t expected = action == 'd' ? counts_.deleted : action == 'u' ? counts_.updated : counts_.inserted;
    if (expected == 0)
        return;
    pg::call(tuplestore_rescan, store_);
    while (expected > 0) {
        char found = pg::call([&] {
            CHECK_FOR_INTERRUPTS();
            if (!tuplestore_gettupleslot(store_, true, false, slot_))
                elog(ERROR, "pg_tviews: a difference got lost");
            slot_getallattrs(slot_);
            return DatumGetChar(slot_->tts_values[difference_action]);
        });
        if (found != action)
            continue;
        --expected;
        if (progress_ != nullptr)
            progress_->advance();
        row(slot_);
    }
}

void Differences::close()
{
    pg::call([&] {
        if (slot_ != nullptr)
            ExecDropSingleTupleTableSlot(slot_);
        tuplestore_end(store_);
    });
}

void Differences::take(TupleTableSlot *slot)
{
    if (progress_ != nullptr)
        progress_->advance();
    pg::call([&] { slot_getallattrs(slot); });
    char action = DatumGetChar(slot->tts_values[difference_action]);
    if (action == 's' || action == 'u')
        matched_.push_back(tid_number(slot->tts_values[difference_tid]));
    switch (action) {
    case 's':
        ++counts_.unchanged;
        return;
    case 'i':
        ++counts_.inserted;
        break;
    case 'u':
        ++counts_.updated;
        break;
    default:
        ++counts_.deleted;
    }
    pg::call([&] {
        if (slot_ == nullptr) {
            // The executor's contexts end with the statement; the slot must not.
            MemoryContext executor = MemoryContextSwitchTo(home_);
            slot_ = MakeSingleTupleTableSlot(CreateTupleDescCopy(slot->tts_tupleDescriptor), &TTSOpsMinimalTuple);
            MemoryContextSwitchTo(executor);
        }
        tuplestore_puttupleslot(store_, slot);
    });
}

// Two rows of the query that match one stored row have one key.
void Differences::check_duplicates(Moment moment)
{
    std::sort(matched_.begin(), matched_.end());
    auto twice = std::adjacent_find(matched_.begin(), matched_.end());
    if (twice == matched_.end()) {
        matched_.clear();
        return;
    }
    // Above READ COMMITTED a transaction may insert a key another one has deleted, and its own snapshot then shows both rows.
    if (moment == Moment::read && IsolationUsesXactSnapshot() && !is_double_now(*twice))
        pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update", "",
                   "The transaction might succeed if retried."});
    raise_double(key_at(*twice));
}

void Differences::check_new_keys(Moment moment)
{
    if (counts_.inserted < 2 || moment != Moment::read || !IsolationUsesXactSnapshot())
        return;
    std::vector<int> columns;
    std::vector<Oid> types;
    for (const model::KeyColumn &column : tview_.analysis.key) {
        auto at = std::find(tview_.tview.columns.begin(), tview_.tview.columns.end(), column.name) - tview_.tview.columns.begin();
        columns.push_back(static_cast<int>(at));
        types.push_back(tview_.column_types[static_cast<std::size_t>(at)]);
    }
    std::set<std::vector<std::string>> seen;
    each('i', [&](TupleTableSlot *slot) {
        std::vector<std::string> key;
        pg::Parameters values;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            int at = difference_values + columns[i];
            if (slot->tts_isnull[at])
                return;
            values.values.push_back(slot->tts_values[at]);
            key.push_back(pg::call([&]() -> const char * {
                Oid output;
                bool varlena;
                getTypeOutputInfo(types[i], &output, &varlena);
                return OidOutputFunctionCall(output, slot->tts_values[at]);
            }));
        }
        if (!seen.insert(key).second && count_rows(plan::query_rows_of(tview_.relations, tview_.analysis.key), types, values) > 1)
            raise_double(fmt::format("({})=({})", fmt::join(tview_.tview.key, ", "), fmt::join(key, ", ")));
    });
}

// By the latest rows.
std::uint64_t Differences::count_rows(const std::string &sql, const std::vector<Oid> &types, const pg::Parameters &parameters) const
{
    RoleScope role(tview_.owner, Security::restricted);
    SnapshotScope latest(Moment::commit);
    std::uint64_t rows = 0;
    pg::execute(sql, types, parameters, [&](TupleTableSlot *) { ++rows; }, true);
    return rows;
}

void Differences::raise_double(const std::string &key) const
{
    pg::raise({ERRCODE_UNIQUE_VIOLATION, fmt::format("the query of TVIEW {} gives two rows with one key", tview_.name()),
               "Key " + key + ".", "A TVIEW's key must be unique in its query; correct the data or redefine the TVIEW."});
}

// Whether the query still gives two rows with the key of this stored row, by the latest rows.
bool Differences::is_double_now(std::uint64_t tid) const
{
    return count_rows(plan::query_rows_like(tview_.relations, tview_.analysis.key, tid_text(tid)), {}, {}) > 1;
}

// The key of a stored row, for people.
std::string Differences::key_at(std::uint64_t tid) const
{
    std::string names, columns, key;
    for (const model::KeyColumn &column : tview_.analysis.key) {
        names += (names.empty() ? "" : ", ") + column.name;
        columns += (columns.empty() ? "" : ", ") + plan::quote_name(column.name);
    }
    pg::execute(fmt::format("SELECT pg_catalog.concat_ws(', ', {}) FROM {} WHERE ctid = '{}'::pg_catalog.tid", columns,
                            tview_.relations.table, tid_text(tid)),
                {}, {}, [&](TupleTableSlot *slot) { key = pg::text_column(slot, 1).value_or(""); }, true);
    return fmt::format("({})=({})", names, key);
}

}  // namespace tviews::refresh
