// The capture trigger: from the rows a statement changed to seeds.
//
// Statement triggers read the transition tables; row triggers (partitioned tables) the one row.  Not here: what a row adds
// (row.hpp), where the triggers come from (ddl/triggers.cpp), when seeds are flushed (queue/).
#include "capture/row.hpp"
#include "pg/entry.hpp"
#include "queue/flush_points.hpp"
#include "queue/seeds.hpp"
#include "stats/flushes.hpp"

namespace tviews::capture {

namespace {

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

void capture_statement(const TriggerData *trigger, RowCapture &capture)
{
    TupleDesc desc = RelationGetDescr(trigger->tg_relation);
    TransitionRows before(trigger->tg_oldtable, desc), after(trigger->tg_newtable, desc);
    // Old and new rows of an UPDATE come in the same order; where their numbers differ (a partition swallowed a moved
    // row) they cannot be paired.
    bool paired = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && before.count() == after.count();
    while (TupleTableSlot *old_row = before.next()) {
        if (paired)
            capture.updated(old_row, after.next());
        else
            capture.deleted(old_row);
    }
    if (!paired)
        while (TupleTableSlot *new_row = after.next())
            capture.inserted(new_row);
    before.close();
    after.close();
}

void capture_row(const TriggerData *trigger, RowCapture &capture)
{
    if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
        capture.updated(trigger->tg_trigslot, trigger->tg_newslot);
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
    if (!targets->read)
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   std::string("no TVIEW reads table \"") + RelationGetRelationName(relation) +
                       "\", but it has a capture trigger",
                   "The trigger \"" + std::string(trigger->tg_trigger->tgname) + "\" outlived the TVIEWs it served.",
                   "Run pg_tviews_rebuild_metadata() if one should, or pg_tviews_reinstall_triggers() to drop such triggers."});
    capture::RowCapture capture(*targets, RelationGetDescr(relation));
    if (!capture.wanted())
        return PointerGetDatum(nullptr);
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
        capture.everything();
    else if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
        capture::capture_statement(trigger, capture);
    else
        capture::capture_row(trigger, capture);
    if (queue::Queue::exists()) {
        queue::Queue &queue = queue::Queue::current();
        // Once for all rows: a row's own trigger leaves it to the end of the statement, or if nobody sees that, to the next read or commit.
        bool for_statement = TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event);
        stats::captured(queue.waiting_rows(), queue.waiting(), queue.has_immediate() && (for_statement || queue::is_watched()));
        if (for_statement && queue.has_immediate())
            queue::flush_if_unwatched();
    }
    return PointerGetDatum(nullptr);
}
