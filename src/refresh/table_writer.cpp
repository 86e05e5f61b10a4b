// The table access method's insert, update and delete for TVIEWs; see table_writer.hpp.
#include "refresh/table_writer.hpp"

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
    : tview_(tview), relation_(relation), storage_(tview.storage(relation)), crosscheck_(crosscheck(moment))
{
    pg::call([&] { open(); });
    if (relation->trigdesc != nullptr) {
        targets_ = catalog::capture_targets(tview.tview.table);
        capture_ = std::make_unique<capture::RowCapture>(*targets_, RelationGetDescr(relation));
    }
}

void TableWriter::write(char action, ItemPointer tid, const Datum *values, const bool *nulls)
{
    if (action == 'i') {
        pg::call([&] { insert(values, nulls); });
        if (waiting_ == most_waiting || waiting_bytes_ > most_waiting_bytes)
            flush();
        return;
    }
    if (capture_)
        pg::call([&] {
            if (!table_tuple_fetch_row_version(relation_, tid, SnapshotAny, old_slot_))
                elog(ERROR, "pg_tviews: a stored document is gone");
        });
    TM_Result result = pg::call([&] {
        if (action == 'u')
            fill(new_slot_, values, nulls);
        TM_Result done = action == 'd' ? remove(tid) : update(tid);
        ResetPerTupleExprContext(executor_);
        return done;
    });
    check(result);
    captured(action);
}

void TableWriter::flush()
{
    if (waiting_ == 0)
        return;
    int count = waiting_;
    pg::call([&] { insert_waiting(); });
    captured_inserts(count);
}

void TableWriter::close()
{
    pg::call([&] {
        for (TupleTableSlot *slot : inserts_)
            if (slot != nullptr)
                ExecDropSingleTupleTableSlot(slot);
        CommandCounterIncrement();
        if (indexes_open_)
            ExecCloseIndices(result_);
        ExecDropSingleTupleTableSlot(new_slot_);
        ExecDropSingleTupleTableSlot(old_slot_);
        FreeExecutorState(executor_);
    });
}

// C-side, as are the next six.
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
    new_slot_ = table_slot_create(relation_, nullptr);
    old_slot_ = table_slot_create(relation_, nullptr);
}

void TableWriter::fill(TupleTableSlot *slot, const Datum *values, const bool *nulls)
{
    ExecClearTuple(slot);
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i) {
        slot->tts_values[i] = 0;
        slot->tts_isnull[i] = true;
    }
    for (std::size_t i = 0; i < storage_.columns.size(); ++i) {
        slot->tts_values[storage_.columns[i]] = values[i];
        slot->tts_isnull[storage_.columns[i]] = nulls[i];
    }
    if (storage_.stamp >= 0) {
        slot->tts_values[storage_.stamp] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
        slot->tts_isnull[storage_.stamp] = false;
    }
    ExecStoreVirtualTuple(slot);
    if (RelationGetDescr(relation_)->constr != nullptr)
        ExecConstraints(result_, slot, executor_);
}

void TableWriter::insert(const Datum *values, const bool *nulls)
{
    TupleTableSlot *&slot = inserts_[waiting_];
    if (slot == nullptr)
        slot = table_slot_create(relation_, nullptr);
    fill(slot, values, nulls);
    ++waiting_;
    waiting_bytes_ += ExecFetchSlotHeapTuple(slot, true, nullptr)->t_len;
}

void TableWriter::insert_waiting()
{
    MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(executor_));
    if (waiting_ == 1)
        table_tuple_insert(relation_, inserts_[0], executor_->es_output_cid, 0, nullptr);
    else
        table_multi_insert(relation_, inserts_, waiting_, executor_->es_output_cid, 0, nullptr);
    for (int i = 0; i < waiting_; ++i)
        insert_into_indexes(inserts_[i], false);
    MemoryContextSwitchTo(caller);
    ResetPerTupleExprContext(executor_);
    waiting_ = 0;
    waiting_bytes_ = 0;
}

TM_Result TableWriter::update(ItemPointer tid)
{
    TM_FailureData failure;
    LockTupleMode mode;
    bool update_indexes;
    TM_Result done = table_tuple_update(relation_, tid, new_slot_, executor_->es_output_cid, GetActiveSnapshot(), crosscheck_, true,
                                        &failure, &mode, &update_indexes);
    if (done == TM_Ok && update_indexes)
        insert_into_indexes(new_slot_, true);
    return done;
}

// They are opened here: a row that stays on its page needs none.
void TableWriter::insert_into_indexes(TupleTableSlot *slot, bool update)
{
    if (!indexes_open_) {
        MemoryContext caller = MemoryContextSwitchTo(executor_->es_query_cxt);
        ExecOpenIndices(result_, false);
        MemoryContextSwitchTo(caller);
        indexes_open_ = true;
    }
    if (result_->ri_NumIndices > 0)
        ExecInsertIndexTuples(result_, slot, executor_, update, false, nullptr, NIL);
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
    else
        capture_->updated(old_slot_, new_slot_);
}

void TableWriter::captured_inserts(int count)
{
    for (int i = 0; capture_ && i < count; ++i)
        capture_->inserted(inserts_[i]);
}

}  // namespace tviews::refresh
