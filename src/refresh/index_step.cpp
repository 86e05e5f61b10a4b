// Stepping by an index; see index_step.hpp.
#include "refresh/index_step.hpp"

#include <algorithm>
#include <memory>

#include "pg/lookup.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

// A scan of the rows whose first columns of the index equal some values.  C-side.
class EqualRows {
public:
    // Returns whether it may read them.
    bool open(Oid relation, Oid index, std::size_t columns, Oid reader)
    {
        table_ = table_open(relation, AccessShareLock);
        if (!pg::is_open_to(table_, reader) || !pg::is_usable(index)) {
            table_close(table_, NoLock);
            return false;
        }
        index_ = index_open(index, AccessShareLock);
        count_ = static_cast<int>(columns);
        scan_ = index_beginscan(table_, index_, GetActiveSnapshot(), count_, 0);
        slot_ = table_slot_create(table_, nullptr);
        pg::prepare_equalities(index_, count_, keys_);
        return true;
    }

    void seek(const pg::RowSet &rows, std::size_t row, const std::vector<std::size_t> &values)
    {
        for (int i = 0; i < count_; ++i)
            keys_[i].sk_argument = rows.value(row, values[static_cast<std::size_t>(i)]);
        index_rescan(scan_, keys_, count_, nullptr, 0);
    }

    // The next row with its first `columns` columns; null at the end.
    TupleTableSlot *next(int columns)
    {
        CHECK_FOR_INTERRUPTS();
        if (!index_getnext_slot(scan_, ForwardScanDirection, slot_))
            return nullptr;
        slot_getsomeattrs(slot_, columns);
        return slot_;
    }

    void close()
    {
        index_endscan(scan_);
        ExecDropSingleTupleTableSlot(slot_);
        index_close(index_, NoLock);
        table_close(table_, NoLock);
    }

    Oid type(AttrNumber column) const { return TupleDescAttr(RelationGetDescr(table_), column - 1)->atttypid; }

private:
    Relation table_ = nullptr;
    Relation index_ = nullptr;
    IndexScanDesc scan_ = nullptr;
    TupleTableSlot *slot_ = nullptr;
    ScanKeyData keys_[INDEX_MAX_KEYS];
    int count_ = 0;
};

// Where the values of a row found come from: from the row it was found for those between, from the table's row the others.
struct Layout {
    std::vector<AttrNumber> before, after;
    std::size_t carried_from, carried_to;

    AttrNumber widest() const
    {
        AttrNumber widest = 0;
        for (const auto *columns : {&before, &after})
            for (AttrNumber column : *columns)
                widest = std::max(widest, column);
        return widest;
    }

    std::vector<Oid> types(const EqualRows &table, const pg::RowSet &rows) const
    {
        std::vector<Oid> types;
        for (AttrNumber column : before)
            types.push_back(table.type(column));
        for (std::size_t i = carried_from; i < carried_to; ++i)
            types.push_back(rows.type(i));
        for (AttrNumber column : after)
            types.push_back(table.type(column));
        return types;
    }

    void read(const TupleTableSlot *slot, const pg::RowSet &rows, std::size_t row, Datum *values, bool *nulls) const
    {
        auto take = [&](AttrNumber column) {
            *values++ = slot->tts_values[column - 1];
            *nulls++ = slot->tts_isnull[column - 1];
        };
        std::for_each(before.begin(), before.end(), take);
        for (std::size_t i = carried_from; i < carried_to; ++i) {
            *values++ = rows.value(row, i);
            *nulls++ = rows.is_null(row, i);
        }
        std::for_each(after.begin(), after.end(), take);
    }
};

}  // namespace

std::optional<pg::RowSet> step_by_index(const catalog::Compiled &tview, std::size_t stage, const pg::RowSet &rows,
                                        const std::vector<AttrNumber> &picked_up, Moment moment)
{
    const catalog::Stage &compiled = tview.stages[stage];
    if (!compiled.index)
        return std::nullopt;
    const model::Stage &from = tview.order.all[stage], &to = tview.order.all[static_cast<std::size_t>(from.next)];
    const std::vector<std::size_t> &by = compiled.index->values;
    SnapshotScope snapshot(moment);
    EqualRows table;
    bool possible = pg::call([&] {
        return table.open(tview.analysis.occurrences[static_cast<std::size_t>(to.occurrence)].relation, compiled.index->index, by.size(),
                          compiled.reader != 0 ? compiled.reader : tview.owner);
    });
    if (!possible)
        return std::nullopt;
    if (auto *measured = stats::FlushScope::running())
        ++measured->flush.hops;
    Layout layout{to.columns, picked_up, from.columns.size(), rows.width()};
    pg::RowSet found(layout.types(table, rows));
    auto values = std::make_unique<Datum[]>(found.width());
    auto nulls = std::make_unique<bool[]>(found.width());
    int widest = layout.widest();
    for (std::uint32_t row : rows.in_order()) {
        if (rows.has_null(row, by))
            continue;
        pg::call([&] { table.seek(rows, row, by); });
        while (TupleTableSlot *slot = pg::call([&] { return table.next(widest); })) {
            layout.read(slot, rows, row, values.get(), nulls.get());
            found.add(values.get(), nulls.get());
        }
    }
    pg::call([&] { table.close(); });
    return found;
}

}  // namespace tviews::refresh
