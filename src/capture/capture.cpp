// The capture trigger: from the rows a statement changed to seeds.
//
// Statement triggers read the transition tables; row triggers (partitioned tables) the one row.  For each occurrence the table
// feeds, an UPDATE that leaves every used column bitwise equal adds nothing; otherwise the old and the new row add their
// join values.  Runs no SQL.  Not here: where the triggers come from (ddl/triggers.cpp), when seeds are flushed (queue/).
#include <algorithm>
#include <memory>

#include "catalog/compiled.hpp"
#include "pg/entry.hpp"
#include "queue/seeds.hpp"

namespace tviews::capture {

namespace {

using catalog::CaptureTarget;
using catalog::CaptureTargets;

class Capture {
public:
    Capture(const CaptureTargets &targets, TupleDesc desc) : targets_(targets), desc_(desc)
    {
        std::size_t widest = 0;
        for (const CaptureTarget &target : targets)
            widest = std::max(widest, target.seed_columns.size());
        values_ = std::make_unique<Datum[]>(widest + 1);
        nulls_ = std::make_unique<bool[]>(widest + 1);
    }

    void everything()
    {
        for (const CaptureTarget &target : targets_)
            queue::Queue::current().add_everything(target);
    }

    void inserted(TupleTableSlot *slot)
    {
        for (const CaptureTarget &target : targets_)
            if (target.inserts)
                seed(target, slot, true);
    }

    void deleted(TupleTableSlot *slot)
    {
        for (const CaptureTarget &target : targets_)
            seed(target, slot, true);
    }

    void update(TupleTableSlot *before, TupleTableSlot *after)
    {
        for (const CaptureTarget &target : targets_) {
            if (!differs(target, before, after))
                continue;
            bool moved = has_moved(target, before, after);
            seed(target, before, moved);
            if (moved)
                seed(target, after, moved);
        }
    }

private:
    bool differs(const CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after)
    {
        return pg::call([&] {
            slot_getallattrs(before);
            slot_getallattrs(after);
            if (target.any_column) {
                for (AttrNumber number = 1; number <= desc_->natts; ++number)
                    if (column_differs(number, before, after))
                        return true;
                return false;
            }
            for (AttrNumber number : target.used)
                if (column_differs(number, before, after))
                    return true;
            return false;
        });
    }

    // Whether the two rows make different seeds.
    bool has_moved(const CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after)
    {
        return pg::call([&] {
            for (AttrNumber number : target.seed_columns)
                if (number <= 0 || column_differs(number, before, after))
                    return true;
            return false;
        });
    }

    bool column_differs(AttrNumber number, TupleTableSlot *before, TupleTableSlot *after)
    {
        int i = number - 1;
        if (before->tts_isnull[i] != after->tts_isnull[i])
            return true;
        Form_pg_attribute attribute = TupleDescAttr(desc_, i);
        return !before->tts_isnull[i] && !datum_image_eq(before->tts_values[i], after->tts_values[i],
                                                         attribute->attbyval, attribute->attlen);
    }

    void seed(const CaptureTarget &target, TupleTableSlot *slot, bool moved)
    {
        if (target.everything)
            return queue::Queue::current().add_everything(target);
        pg::call([&] {
            for (std::size_t i = 0; i < target.seed_columns.size(); ++i) {
                if (target.seed_columns[i] > 0) {
                    values_[i] = slot_getattr(slot, target.seed_columns[i], &nulls_[i]);
                } else {
                    values_[i] = ExecFetchSlotHeapTupleDatum(slot);
                    nulls_[i] = false;
                }
            }
        });
        if (target.passed) {
            values_[target.seed_columns.size()] = BoolGetDatum(moved);
            nulls_[target.seed_columns.size()] = false;
        }
        queue::Queue::current().add(target, values_.get(), nulls_.get());
    }

    const CaptureTargets &targets_;
    TupleDesc desc_;
    std::unique_ptr<Datum[]> values_;
    std::unique_ptr<bool[]> nulls_;
};

// Reads one transition table from its start, through a read pointer of its own.
class TransitionRows {
public:
    TransitionRows(Tuplestorestate *store, TupleDesc desc) : store_(store)
    {
        if (store == nullptr)
            return;
        pg::call([&] {
            pointer_ = tuplestore_alloc_read_pointer(store_, EXEC_FLAG_REWIND);
            tuplestore_select_read_pointer(store_, pointer_);
            tuplestore_rescan(store_);
            slot_ = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
        });
    }
    int64 count() const { return store_ ? tuplestore_tuple_count(store_) : 0; }
    TupleTableSlot *next()
    {
        if (store_ == nullptr)
            return nullptr;
        return pg::call([&] {
            CHECK_FOR_INTERRUPTS();
            tuplestore_select_read_pointer(store_, pointer_);
            return tuplestore_gettupleslot(store_, true, false, slot_) ? slot_ : nullptr;
        });
    }
    void close()
    {
        if (slot_ != nullptr)
            pg::call(ExecDropSingleTupleTableSlot, slot_);
    }

private:
    Tuplestorestate *store_;
    int pointer_ = 0;
    TupleTableSlot *slot_ = nullptr;
};

void capture_statement(const TriggerData *trigger, Capture &capture)
{
    TupleDesc desc = RelationGetDescr(trigger->tg_relation);
    TransitionRows before(trigger->tg_oldtable, desc), after(trigger->tg_newtable, desc);
    // Old and new rows of an UPDATE come in the same order; where their numbers differ (a partition swallowed a moved
    // row) they cannot be paired.
    bool paired = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && before.count() == after.count();
    while (TupleTableSlot *old_row = before.next()) {
        if (paired)
            capture.update(old_row, after.next());
        else
            capture.deleted(old_row);
    }
    if (!paired)
        while (TupleTableSlot *new_row = after.next())
            capture.inserted(new_row);
    before.close();
    after.close();
}

void capture_row(const TriggerData *trigger, Capture &capture)
{
    if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
        capture.update(trigger->tg_trigslot, trigger->tg_newslot);
    else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
        capture.deleted(trigger->tg_trigslot);
    else
        capture.inserted(trigger->tg_trigslot);
}

}  // namespace

}  // namespace tviews::capture

TVIEWS_FUNCTION(pg_tviews_capture)
{
    using namespace tviews;
    if (!CALLED_AS_TRIGGER(fcinfo))
        pg::raise({ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "pg_tviews_capture() must be called as a trigger"});
    auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    Relation relation = trigger->tg_relation;
    auto targets = catalog::capture_targets(RelationGetRelid(relation));
    if (targets->empty())
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   std::string("no TVIEW reads table \"") + RelationGetRelationName(relation) +
                       "\", but it has a capture trigger",
                   "The trigger \"" + std::string(trigger->tg_trigger->tgname) + "\" outlived the TVIEWs it served.",
                   "Drop the trigger, or restore the rows of pg_tview_meta."});
    capture::Capture capture(*targets, RelationGetDescr(relation));
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
        capture.everything();
    else if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
        capture::capture_statement(trigger, capture);
    else
        capture::capture_row(trigger, capture);
    return PointerGetDatum(nullptr);
}
