// Writing documents; see writer.hpp.
#include "refresh/writer.hpp"

#include <cstring>
#include <fmt/core.h>
#include <memory>

#include "capture/row.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"

namespace tviews::refresh {

namespace {

[[noreturn]] void raise_changed(const catalog::Compiled &tview)
{
    pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, fmt::format("a row of TVIEW {} was changed by another session", tview.name()),
               "Rows of a TVIEW are written by the extension alone.", "Run the transaction again."});
}

// ---- one statement per row

class StatementWriter {
public:
    StatementWriter(catalog::Compiled &tview, Moment moment) : tview_(tview), moment_(moment) {}

    void write(Differences &differences, char action)
    {
        SnapshotScope snapshot(moment_);
        pg::Statement &statement = writer(action);
        differences.each(action, [&](TupleTableSlot *row) {
            if (statement.write(parameters(action, row), GetActiveSnapshot(), crosscheck(moment_)) != 1)
                raise_not_written();
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

    catalog::Compiled &tview_;
    Moment moment_;
};

// ---- straight through the table's access method

// Whether every row written needs its constraints and indexes alone, and perhaps capture.  C-side: may raise.
bool can_write_directly(Relation relation, const catalog::Compiled &tview)
{
    if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relhasrules || relation->rd_rel->relrowsecurity ||
        relation->rd_rel->relhassubclass || relation->rd_rel->relispartition)
        return false;
    const TriggerDesc *triggers = relation->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i)
        if (triggers->triggers[i].tgfoid != tview.capture_function)
            return false;
    TupleDesc desc = RelationGetDescr(relation);
    if (desc->constr != nullptr && desc->constr->has_generated_stored)
        return false;
    std::size_t columns = 0;
    for (int i = 0; i < desc->natts; ++i)
        columns += !TupleDescAttr(desc, i)->attisdropped;
    return columns == tview.tview.columns.size() + (tview.tview.stamps ? 1 : 0);
}

class DirectWriter {
public:
    DirectWriter(catalog::Compiled &tview, Relation relation, Moment moment)
        : tview_(tview), relation_(relation), moment_(moment), crosscheck_(crosscheck(moment))
    {
        pg::call([&] { open(); });
        for (const std::string &column : tview.tview.columns)
            positions_.push_back(position(column.c_str()));
        if (tview.tview.stamps)
            stamp_ = position("updated_at");
        if (relation->trigdesc != nullptr) {
            targets_ = catalog::capture_targets(tview.tview.table);
            capture_ = std::make_unique<capture::RowCapture>(*targets_, RelationGetDescr(relation));
        }
    }
    DirectWriter(const DirectWriter &) = delete;
    DirectWriter &operator=(const DirectWriter &) = delete;

    void write(Differences &differences, char action)
    {
        SnapshotScope snapshot(moment_);
        differences.each(action, [&](TupleTableSlot *row) {
            auto *tid = reinterpret_cast<ItemPointer>(DatumGetPointer(row->tts_values[difference_tid]));
            if (capture_ && action != 'i')
                pg::call([&] {
                    if (!table_tuple_fetch_row_version(relation_, tid, SnapshotAny, old_slot_))
                        elog(ERROR, "pg_tviews: a stored document is gone");
                });
            if (action != 'd')
                fill(row);
            TM_Result result = pg::call([&] {
                TM_Result done = action == 'd' ? remove(tid) : action == 'u' ? update(tid) : insert();
                ResetPerTupleExprContext(executor_);
                return done;
            });
            check(result);
            captured(action);
        });
    }

    // Makes the rows visible to what the flush does next.  An error leaves everything to the abort.
    void close()
    {
        pg::call([&] {
            CommandCounterIncrement();
            ExecCloseIndices(result_);
            ExecDropSingleTupleTableSlot(new_slot_);
            ExecDropSingleTupleTableSlot(old_slot_);
            FreeExecutorState(executor_);
        });
    }

private:
    // C-side, as are the four below.
    void open()
    {
        executor_ = CreateExecutorState();
        auto *entry = makeNode(RangeTblEntry);
        entry->rtekind = RTE_RELATION;
        entry->relid = RelationGetRelid(relation_);
        entry->relkind = relation_->rd_rel->relkind;
        entry->rellockmode = RowExclusiveLock;
        ExecInitRangeTable(executor_, list_make1(entry));
        result_ = makeNode(ResultRelInfo);
        InitResultRelInfo(result_, relation_, 1, nullptr, 0);
        executor_->es_output_cid = GetCurrentCommandId(true);
        ExecOpenIndices(result_, false);
        new_slot_ = table_slot_create(relation_, nullptr);
        old_slot_ = table_slot_create(relation_, nullptr);
    }

    int position(const char *column) const
    {
        TupleDesc desc = RelationGetDescr(relation_);
        for (int i = 0; i < desc->natts; ++i)
            if (!TupleDescAttr(desc, i)->attisdropped && std::strcmp(NameStr(TupleDescAttr(desc, i)->attname), column) == 0)
                return i;
        pg::raise({ERRCODE_UNDEFINED_COLUMN, fmt::format("TVIEW {} has lost its column \"{}\"", tview_.name(), column)});
    }

    void fill(const TupleTableSlot *row)
    {
        pg::call([&] {
            ExecClearTuple(new_slot_);
            for (int i = 0; i < new_slot_->tts_tupleDescriptor->natts; ++i) {
                new_slot_->tts_values[i] = 0;
                new_slot_->tts_isnull[i] = true;
            }
        });
        for (std::size_t i = 0; i < positions_.size(); ++i) {
            new_slot_->tts_values[positions_[i]] = row->tts_values[difference_values + i];
            new_slot_->tts_isnull[positions_[i]] = row->tts_isnull[difference_values + i];
        }
        if (stamp_ >= 0) {
            new_slot_->tts_values[stamp_] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
            new_slot_->tts_isnull[stamp_] = false;
        }
        pg::call([&] {
            ExecStoreVirtualTuple(new_slot_);
            if (RelationGetDescr(relation_)->constr != nullptr)
                ExecConstraints(result_, new_slot_, executor_);
        });
    }

    TM_Result insert()
    {
        table_tuple_insert(relation_, new_slot_, executor_->es_output_cid, 0, nullptr);
        if (result_->ri_NumIndices > 0)
            ExecInsertIndexTuples(result_, new_slot_, executor_, false, false, nullptr, NIL);
        return TM_Ok;
    }

    TM_Result update(ItemPointer tid)
    {
        TM_FailureData failure;
        LockTupleMode mode;
        bool update_indexes;
        TM_Result done = table_tuple_update(relation_, tid, new_slot_, executor_->es_output_cid, GetActiveSnapshot(), crosscheck_,
                                            true, &failure, &mode, &update_indexes);
        if (done == TM_Ok && result_->ri_NumIndices > 0 && update_indexes)
            ExecInsertIndexTuples(result_, new_slot_, executor_, true, false, nullptr, NIL);
        return done;
    }

    TM_Result remove(ItemPointer tid)
    {
        TM_FailureData failure;
        return table_tuple_delete(relation_, tid, executor_->es_output_cid, GetActiveSnapshot(), crosscheck_, true, &failure, false);
    }

    void check(TM_Result result) const
    {
        if (result == TM_Ok)
            return;
        if (IsolationUsesXactSnapshot() && (result == TM_Updated || result == TM_Deleted))
            pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update"});
        raise_changed(tview_);
    }

    void captured(char action)
    {
        if (!capture_)
            return;
        if (action == 'd')
            capture_->deleted(old_slot_);
        else if (action == 'u')
            capture_->updated(old_slot_, new_slot_);
        else
            capture_->inserted(new_slot_);
    }

    catalog::Compiled &tview_;
    Relation relation_;
    Moment moment_;
    Snapshot crosscheck_;
    EState *executor_ = nullptr;
    ResultRelInfo *result_ = nullptr;
    TupleTableSlot *new_slot_ = nullptr;
    TupleTableSlot *old_slot_ = nullptr;
    std::vector<int> positions_;  // in the table, of the definition's columns
    int stamp_ = -1;
    std::shared_ptr<const catalog::CaptureTargets> targets_;
    std::unique_ptr<capture::RowCapture> capture_;
};

}  // namespace

void write_differences(catalog::Compiled &tview, Differences &differences, Moment moment)
{
    if (differences.counts().total() == 0)
        return;
    RoleScope role(tview.owner, Security::writing);
    Relation relation = pg::call([&] { return table_open(tview.tview.table, RowExclusiveLock); });
    if (pg::call([&] { return can_write_directly(relation, tview); })) {
        DirectWriter writer(tview, relation, moment);
        for (char action : {'d', 'u', 'i'})
            writer.write(differences, action);
        writer.close();
    } else {
        StatementWriter writer(tview, moment);
        for (char action : {'d', 'u', 'i'})
            writer.write(differences, action);
    }
    pg::call([&] { table_close(relation, NoLock); });
}

}  // namespace tviews::refresh
