// The table access method's insert, update and delete for TVIEWs; see table_writer.hpp.
#include "refresh/table_writer.hpp"

#include <cstring>
#include <fmt/core.h>

namespace tviews::refresh {

void raise_changed(const catalog::Compiled &tview)
{
    pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, fmt::format("a row of TVIEW {} was changed by another session", tview.name()),
               "Rows of a TVIEW are written by the extension alone.", "Run the transaction again."});
}

bool TableWriter::is_possible(Relation relation, const catalog::Compiled &tview)
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

TableWriter::TableWriter(catalog::Compiled &tview, Relation relation, Moment moment)
    : tview_(tview), relation_(relation), crosscheck_(crosscheck(moment))
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

void TableWriter::write(char action, ItemPointer tid, const Datum *values, const bool *nulls)
{
    if (capture_ && action != 'i')
        pg::call([&] {
            if (!table_tuple_fetch_row_version(relation_, tid, SnapshotAny, old_slot_))
                elog(ERROR, "pg_tviews: a stored document is gone");
        });
    TM_Result result = pg::call([&] {
        if (action != 'd')
            fill(values, nulls);
        TM_Result done = action == 'd' ? remove(tid) : action == 'u' ? update(tid) : insert();
        ResetPerTupleExprContext(executor_);
        return done;
    });
    check(result);
    captured(action);
}

void TableWriter::close()
{
    pg::call([&] {
        CommandCounterIncrement();
        ExecCloseIndices(result_);
        ExecDropSingleTupleTableSlot(new_slot_);
        ExecDropSingleTupleTableSlot(old_slot_);
        FreeExecutorState(executor_);
    });
}

// C-side, as are the four below `position`.
void TableWriter::open()
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

int TableWriter::position(const char *column) const
{
    TupleDesc desc = RelationGetDescr(relation_);
    for (int i = 0; i < desc->natts; ++i)
        if (!TupleDescAttr(desc, i)->attisdropped && std::strcmp(NameStr(TupleDescAttr(desc, i)->attname), column) == 0)
            return i;
    pg::raise({ERRCODE_UNDEFINED_COLUMN, fmt::format("TVIEW {} has lost its column \"{}\"", tview_.name(), column)});
}

void TableWriter::fill(const Datum *values, const bool *nulls)
{
    ExecClearTuple(new_slot_);
    for (int i = 0; i < new_slot_->tts_tupleDescriptor->natts; ++i) {
        new_slot_->tts_values[i] = 0;
        new_slot_->tts_isnull[i] = true;
    }
    for (std::size_t i = 0; i < positions_.size(); ++i) {
        new_slot_->tts_values[positions_[i]] = values[i];
        new_slot_->tts_isnull[positions_[i]] = nulls[i];
    }
    if (stamp_ >= 0) {
        new_slot_->tts_values[stamp_] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
        new_slot_->tts_isnull[stamp_] = false;
    }
    ExecStoreVirtualTuple(new_slot_);
    if (RelationGetDescr(relation_)->constr != nullptr)
        ExecConstraints(result_, new_slot_, executor_);
}

TM_Result TableWriter::insert()
{
    table_tuple_insert(relation_, new_slot_, executor_->es_output_cid, 0, nullptr);
    if (result_->ri_NumIndices > 0)
        ExecInsertIndexTuples(result_, new_slot_, executor_, false, false, nullptr, NIL);
    return TM_Ok;
}

TM_Result TableWriter::update(ItemPointer tid)
{
    TM_FailureData failure;
    LockTupleMode mode;
    bool update_indexes;
    TM_Result done = table_tuple_update(relation_, tid, new_slot_, executor_->es_output_cid, GetActiveSnapshot(), crosscheck_, true,
                                        &failure, &mode, &update_indexes);
    if (done == TM_Ok && result_->ri_NumIndices > 0 && update_indexes)
        ExecInsertIndexTuples(result_, new_slot_, executor_, true, false, nullptr, NIL);
    return done;
}

TM_Result TableWriter::remove(ItemPointer tid)
{
    TM_FailureData failure;
    return table_tuple_delete(relation_, tid, executor_->es_output_cid, GetActiveSnapshot(), crosscheck_, true, &failure, false);
}

void TableWriter::check(TM_Result result) const
{
    if (result == TM_Ok)
        return;
    if (IsolationUsesXactSnapshot() && (result == TM_Updated || result == TM_Deleted))
        pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, fmt::format("could not serialize access due to concurrent {}",
                                                                  result == TM_Updated ? "update" : "delete")});
    raise_changed(tview_);
}

void TableWriter::captured(char action)
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

}  // namespace tviews::refresh
