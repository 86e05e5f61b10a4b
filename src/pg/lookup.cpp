// Index scans for one row; see lookup.hpp.
#include "pg/lookup.hpp"

namespace tviews::pg {

void Lookup::open(Relation table, Oid index)
{
    memory_ = CurrentMemoryContext;
    index_ = index_open(index, AccessShareLock);
    width_ = index_->rd_index->indnkeyatts;
    scan_ = index_beginscan(table, index_, GetActiveSnapshot(), width_, 0);
    slot_ = table_slot_create(table, nullptr);
    for (int i = 0; i < width_; ++i) {
        Oid type = index_->rd_opcintype[i];
        Oid equality = get_opfamily_member(index_->rd_opfamily[i], type, type, BTEqualStrategyNumber);
        ScanKeyEntryInitialize(&keys_[i], 0, static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber, type, index_->rd_indcollation[i],
                               get_opcode(equality), 0);
    }
}

TupleTableSlot *Lookup::fetch(const Datum *key)
{
    for (int i = 0; i < width_; ++i)
        keys_[i].sk_argument = key[i];
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    index_rescan(scan_, keys_, width_, nullptr, 0);
    bool found = index_getnext_slot(scan_, ForwardScanDirection, slot_);
    if (found)
        slot_getallattrs(slot_);
    MemoryContextSwitchTo(caller);
    return found ? slot_ : nullptr;
}

void Lookup::close()
{
    index_endscan(scan_);
    index_close(index_, NoLock);
    ExecDropSingleTupleTableSlot(slot_);
}

}  // namespace tviews::pg
