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

// Kilobytes of differences kept in memory: they are written and read in order, which a file does as well, while the plan that finds
// them needs work_mem for itself.
constexpr int most_kept = 4096;

}  // namespace

Differences::Differences(catalog::Compiled &tview, stats::Progress *progress)
    : tview_(tview), progress_(progress),
      store_(pg::call([] { return tuplestore_begin_heap(false, false, std::min(work_mem, most_kept)); }))
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
    pg::call([&] { slot_getallattrs(slot); });
    if (!counts(DatumGetChar(slot->tts_values[difference_action]), slot->tts_values[difference_tid]))
        return;
    pg::call([&] {
        if (slot_ == nullptr)
            make_slot(slot->tts_tupleDescriptor, 0);
        tuplestore_puttupleslot(store_, slot);
    });
}

void Differences::look_up(pg::Statement &statement, const pg::Parameters &parameters, const std::vector<int> &part,
                          const std::optional<pg::KeySpan> &span, Relation table, Moment moment)
{
    RoleScope role(tview_.owner, Security::restricted);
    SnapshotScope snapshot(moment);
    StoredRows stored(tview_, table, part);
    pg::call([&] { stored.open(span); });
    statement.query(parameters, false, [&](TupleTableSlot *slot) { take(slot, part.size() + 1, stored); });
    pg::call([&] { stored.close(); });
    check_duplicates(moment);
}

namespace {

// What to do where the query gives a row or none, and one is stored or none; 0: nothing.
char action(const TupleTableSlot *slot, std::size_t columns_at, const TupleTableSlot *row, const StoredRows &stored)
{
    bool found = !slot->tts_isnull[0];
    if (row == nullptr)
        return found ? 'i' : 0;
    if (!found)
        return 'd';
    for (std::size_t i = 0; i < stored.positions().size(); ++i)
        if (!stored.same(row, i, slot->tts_values[columns_at + i], slot->tts_isnull[columns_at + i]))
            return 'u';
    return 's';
}

}  // namespace

// A row of the query with its key, whose columns end before `columns_at`.
void Differences::take(TupleTableSlot *slot, std::size_t columns_at, StoredRows &stored)
{
    const TupleTableSlot *row = nullptr;
    char found = pg::call([&] {
        slot_getallattrs(slot);
        row = stored.fetch(slot->tts_values + 1);
        return action(slot, columns_at, row, stored);
    });
    if (found == 0 || !counts(found, row != nullptr ? PointerGetDatum(&row->tts_tid) : 0))
        return;
    pg::call([&] {
        if (slot_ == nullptr)
            make_slot(slot->tts_tupleDescriptor, static_cast<int>(columns_at) - difference_values);
        // The slot is empty until rows are handed over, and has room for one.
        Datum *values = slot_->tts_values;
        bool *nulls = slot_->tts_isnull;
        values[difference_action] = CharGetDatum(found);
        nulls[difference_action] = false;
        values[difference_tid] = row != nullptr ? PointerGetDatum(&row->tts_tid) : 0;
        nulls[difference_tid] = row == nullptr;
        auto columns = static_cast<std::size_t>(slot->tts_tupleDescriptor->natts) - columns_at;
        std::copy_n(slot->tts_values + columns_at, columns, values + difference_values);
        std::copy_n(slot->tts_isnull + columns_at, columns, nulls + difference_values);
        tuplestore_putvalues(store_, slot_->tts_tupleDescriptor, values, nulls);
    });
}

// Returns whether the row is to be written.
bool Differences::counts(char action, Datum tid)
{
    if (progress_ != nullptr)
        progress_->advance();
    if (action == 's' || action == 'u')
        matched_.push_back(tid_number(tid));
    std::uint64_t &count = action == 's'   ? counts_.unchanged
                           : action == 'i' ? counts_.inserted
                           : action == 'u' ? counts_.updated
                                           : counts_.deleted;
    ++count;
    return action != 's';
}

// For rows as the statement gives them from column `from` on.  C-side.
void Differences::make_slot(TupleDesc rows, int from)
{
    // The executor's contexts end with the statement; the slot must not.
    MemoryContext executor = MemoryContextSwitchTo(home_);
    TupleDesc desc = CreateTemplateTupleDesc(rows->natts - from);
    for (int i = 0; i < desc->natts; ++i)
        TupleDescCopyEntry(desc, static_cast<AttrNumber>(i + 1), rows, static_cast<AttrNumber>(from + i + 1));
    TupleDescInitEntry(desc, difference_action + 1, "?action", CHAROID, -1, 0);
    TupleDescInitEntry(desc, difference_tid + 1, "?tid", TIDOID, -1, 0);
    slot_ = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
    MemoryContextSwitchTo(executor);
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
