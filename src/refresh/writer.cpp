// Writing documents; see writer.hpp.
#include "refresh/writer.hpp"

#include <fmt/core.h>

#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"
#include "refresh/table_writer.hpp"

namespace tviews::refresh {

namespace {

class StatementWriter {
public:
    StatementWriter(catalog::Compiled &tview, Moment moment) : tview_(tview), moment_(moment) {}

    void write(Differences &differences, char action)
    {
        SnapshotScope snapshot(moment_);
        pg::Statement &statement = writer(action);
        differences.each(action, [&](TupleTableSlot *row) {
            auto written = statement.write(parameters(action, row), GetActiveSnapshot(), crosscheck(moment_));
            if (written.rows != 1)
                raise_not_written();
            if (!written.all_true)
                raise_changed_by_trigger();
        });
    }

private:
    pg::Statement &writer(char action)
    {
        std::vector<Oid> types;
        if (action != 'd')
            types = tview_.column_types;
        if (action != 'i')
            types.push_back(TIDOID);
        std::string sql = action == 'd'   ? plan::delete_row(tview_.relations)
                          : action == 'u' ? plan::update_row(tview_.relations)
                                          : plan::insert_row(tview_.relations);
        return tview_.statement(sql, types);
    }

    pg::Parameters parameters(char action, const TupleTableSlot *row) const
    {
        pg::Parameters parameters;
        auto take_column = [&](std::size_t number) {
            parameters.values.push_back(row->tts_values[number]);
            parameters.nulls.push_back(row->tts_isnull[number] ? 'n' : ' ');
        };
        if (action != 'd')
            for (std::size_t i = 0; i < tview_.column_types.size(); ++i)
                take_column(difference_values + i);
        if (action != 'i')
            take_column(difference_tid);
        return parameters;
    }

    [[noreturn]] void raise_not_written() const
    {
        bool suppressed = pg::call([&] {
            Relation relation = relation_open(tview_.tview.table, NoLock);
            const TriggerDesc *triggers = relation->trigdesc;
            bool before = triggers != nullptr && (triggers->trig_insert_before_row || triggers->trig_update_before_row ||
                                                  triggers->trig_delete_before_row);
            relation_close(relation, NoLock);
            return before;
        });
        if (suppressed)
            pg::raise({ERRCODE_TRIGGERED_ACTION_EXCEPTION,
                       fmt::format("a trigger on TVIEW {} suppressed the writing of a document", tview_.name()),
                       "The TVIEW would no longer be what its query says.", "Drop the BEFORE trigger, or let it return the row."});
        raise_changed(tview_);
    }

    [[noreturn]] void raise_changed_by_trigger() const
    {
        pg::raise({ERRCODE_TRIGGERED_ACTION_EXCEPTION, fmt::format("a trigger on TVIEW {} changed a document", tview_.name()),
                   "The TVIEW would no longer be what its query says.",
                   "Drop the BEFORE trigger, or let it set no column that the query gives."});
    }

    catalog::Compiled &tview_;
    Moment moment_;
};

}  // namespace

void write_differences(catalog::Compiled &tview, Differences &differences, Moment moment)
{
    if (differences.counts().total() == 0)
        return;
    RoleScope role(tview.owner, Security::writing);
    Relation relation = pg::call([&] { return table_open(tview.tview.table, RowExclusiveLock); });
    if (TableWriter::is_possible(relation, tview)) {
        TableWriter writer(tview, relation, moment);
        for (char action : {'d', 'u', 'i'}) {
            SnapshotScope snapshot(moment);
            differences.each(action, [&](TupleTableSlot *row) {
                writer.write(action, reinterpret_cast<ItemPointer>(DatumGetPointer(row->tts_values[difference_tid])),
                             row->tts_values + difference_values, row->tts_isnull + difference_values);
            });
            writer.flush();
        }
        writer.close();
    } else {
        StatementWriter writer(tview, moment);
        for (char action : {'d', 'u', 'i'})
            writer.write(differences, action);
    }
    pg::call([&] { table_close(relation, NoLock); });
}

}  // namespace tviews::refresh
