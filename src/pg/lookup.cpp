// Index scans for one row; see lookup.hpp.
#include "pg/lookup.hpp"

#include <algorithm>
#include <limits>

namespace tviews::pg {

namespace {

// Fewer are not worth opening a scan of their own.
constexpr std::size_t many = 8;
// Going past so many entries costs less than a descent.
constexpr std::uint64_t sparseness = 8;
constexpr std::int64_t past_all = std::numeric_limits<std::int64_t>::max();

bool is_integer(Oid type) { return type == INT2OID || type == INT4OID || type == INT8OID; }

std::int64_t integer(Oid type, Datum value)
{
    return type == INT2OID ? DatumGetInt16(value) : type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

Datum datum(Oid type, std::int64_t value)
{
    return type == INT2OID   ? Int16GetDatum(static_cast<int16>(value))
           : type == INT4OID ? Int32GetDatum(static_cast<int32>(value))
                             : Int64GetDatum(value);
}

}  // namespace

std::optional<KeySpan> dense_span(const RowSet &keys, std::size_t from, std::size_t to)
{
    if (keys.width() != 1 || to - from < many || !is_integer(keys.type(0)))
        return {};
    KeySpan span{keys.type(0), past_all, std::numeric_limits<std::int64_t>::min()};
    for (std::size_t row = from; row < to; ++row) {
        if (keys.is_null(row, 0))
            return {};
        std::int64_t key = integer(span.type, keys.value(row, 0));
        span.first = std::min(span.first, key);
        span.last = std::max(span.last, key);
    }
    bool dense = static_cast<std::uint64_t>(span.last) - static_cast<std::uint64_t>(span.first) < sparseness * (to - from);
    return dense && span.last < past_all ? std::optional(span) : std::nullopt;
}

bool is_open_to(Relation table, Oid role)
{
    const FormData_pg_class *form = table->rd_rel;
    return form->relkind == RELKIND_RELATION && !form->relhassubclass && !form->relrowsecurity &&
           pg_class_aclcheck(RelationGetRelid(table), role, ACL_SELECT) == ACLCHECK_OK;
}

bool is_usable(Oid index)
{
    Relation relation = index_open(index, AccessShareLock);
    const FormData_pg_index *form = relation->rd_index;
    bool usable = form->indisvalid && (!form->indcheckxmin ||
                                       TransactionIdPrecedes(HeapTupleHeaderGetXmin(relation->rd_indextuple->t_data), TransactionXmin));
    index_close(relation, NoLock);
    return usable;
}

void prepare_equalities(Relation index, int count, ScanKey keys)
{
    for (int i = 0; i < count; ++i) {
        Oid type = index->rd_opcintype[i];
        Oid equality = get_opfamily_member(index->rd_opfamily[i], type, type, BTEqualStrategyNumber);
        ScanKeyEntryInitialize(&keys[i], 0, static_cast<AttrNumber>(i + 1), BTEqualStrategyNumber, type, index->rd_indcollation[i],
                               get_opcode(equality), 0);
    }
}

void Lookup::open(Relation table, Oid index, const std::optional<KeySpan> &span)
{
    memory_ = CurrentMemoryContext;
    table_ = table;
    index_ = index_open(index, AccessShareLock);
    width_ = index_->rd_index->indnkeyatts;
    scan_ = index_beginscan(table, index_, GetActiveSnapshot(), width_, 0);
    slot_ = table_slot_create(table, nullptr);
    prepare_equalities(index_, width_, keys_);
    // A serializable transaction is held to all that it reads.
    if (span && !IsolationIsSerializable() && width_ == 1 && index_->rd_opcintype[0] == span->type && index_->rd_indoption[0] == 0)
        begin_walk(*span);
}

void Lookup::begin_walk(const KeySpan &span)
{
    auto bound = [&](ScanKey key, StrategyNumber strategy, std::int64_t value) {
        Oid comparison = get_opfamily_member(index_->rd_opfamily[0], span.type, span.type, strategy);
        ScanKeyEntryInitialize(key, 0, 1, strategy, span.type, InvalidOid, get_opcode(comparison), datum(span.type, value));
    };
    ScanKeyData bounds[2];
    bound(&bounds[0], BTGreaterEqualStrategyNumber, span.first);
    bound(&bounds[1], BTLessEqualStrategyNumber, span.last);
    walk_ = Walk{span, index_beginscan(table_, index_, GetActiveSnapshot(), 2, 0), table_slot_create(table_, nullptr), 0, span.first, false};
    walk_->scan->xs_want_itup = true;
    index_rescan(walk_->scan, bounds, 2, nullptr, 0);
    advance();
}

void Lookup::advance()
{
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    bool is_null, more = index_getnext_tid(walk_->scan, ForwardScanDirection) != nullptr;
    walk_->at = more ? integer(walk_->span.type, index_getattr(walk_->scan->xs_itup, 1, walk_->scan->xs_itupdesc, &is_null)) : past_all;
    MemoryContextSwitchTo(caller);
}

// Whether there is a row; several entries may have had the key.
bool Lookup::walk_to(std::int64_t wanted)
{
    while (walk_->at < wanted)
        advance();
    for (; walk_->at == wanted; advance()) {
        MemoryContext caller = MemoryContextSwitchTo(memory_);
        bool found = index_fetch_heap(walk_->scan, walk_->slot);
        if (found)
            slot_getallattrs(walk_->slot);
        MemoryContextSwitchTo(caller);
        if (found)
            return true;
    }
    return false;
}

TupleTableSlot *Lookup::fetch(const Datum *key)
{
    if (!walk_)
        return descend(key);
    std::int64_t wanted = integer(walk_->span.type, key[0]);
    if (wanted < walk_->asked || wanted > walk_->span.last)
        return descend(key);
    if (wanted > walk_->asked || !walk_->found)
        walk_->found = walk_to(wanted);
    walk_->asked = wanted;
    return walk_->found ? walk_->slot : nullptr;
}

TupleTableSlot *Lookup::descend(const Datum *key)
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
    if (walk_) {
        index_endscan(walk_->scan);
        ExecDropSingleTupleTableSlot(walk_->slot);
        walk_.reset();
    }
    index_endscan(scan_);
    index_close(index_, NoLock);
    ExecDropSingleTupleTableSlot(slot_);
}

}  // namespace tviews::pg
