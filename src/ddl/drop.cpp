// Dropping: what a TVIEW leaves behind is removed in the command that drops it, however that comes about.
//
// sql_drop tells which objects a command dropped, cascades included.  A dropped table takes its backing view, its catalog row and
// capture triggers nobody needs; a backing view dropped by a cascade takes its table.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "analyze/names.hpp"
#include "catalog/meta.hpp"
#include "ddl/define.hpp"
#include "ddl/internal.hpp"
#include "ddl/triggers.hpp"
#include "pg/entry.hpp"
#include "pg/spi.hpp"
#include "queue/seeds.hpp"

namespace tviews::ddl {

namespace {

struct Dropped {
    std::set<Oid> relations;
    std::set<Oid> original;       // named by the command itself
    bool capture_trigger = false; // and a capture trigger, with its table or alone
};

Dropped dropped_objects()
{
    Dropped dropped;
    pg::execute("SELECT objid, original, object_type = 'trigger' FROM pg_catalog.pg_event_trigger_dropped_objects() "
                "WHERE objsubid = 0 AND (classid = 'pg_catalog.pg_class'::pg_catalog.regclass OR "
                "object_type = 'trigger' AND object_identity LIKE '%\"!pg\\_tviews\\_%')",
                {}, {}, [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    Oid object = DatumGetObjectId(slot->tts_values[0]);
                    if (DatumGetBool(slot->tts_values[2])) {
                        dropped.capture_trigger = true;
                        return;
                    }
                    dropped.relations.insert(object);
                    if (DatumGetBool(slot->tts_values[1]))
                        dropped.original.insert(object);
                });
    return dropped;
}

bool cascades(Node *parsetree)
{
    if (IsA(parsetree, DropStmt))
        return reinterpret_cast<DropStmt *>(parsetree)->behavior == DROP_CASCADE;
    if (IsA(parsetree, DropOwnedStmt))
        return reinterpret_cast<DropOwnedStmt *>(parsetree)->behavior == DROP_CASCADE;
    return false;
}

// Drops through the dependency machinery with the extension's rights: the user may own the table and not the view.
void drop_relation(Oid relation, DropBehavior behavior)
{
    if (!pg::call([&] { return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)); }))
        return;
    pg::call([&] {
        LockRelationOid(relation, AccessExclusiveLock);
        ObjectAddress address{RelationRelationId, relation, 0};
        performDeletion(&address, behavior, 0);
        CommandCounterIncrement();
    });
}

void remove_tview(const catalog::Tview &tview, const Dropped &dropped, DropBehavior behavior)
{
    bool table_dropped = dropped.relations.count(tview.table) != 0;
    if (!table_dropped && dropped.original.count(tview.view) != 0)
        pg::raise({ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
                   fmt::format("cannot drop the backing view of TVIEW \"tv_{}\" because the TVIEW requires it", tview.entity),
                   "", fmt::format("You can drop TVIEW {}.tv_{} instead.", tview.schema, tview.entity)});
    catalog::delete_tview(tview.table);
    nlohmann::json details{{"table", fmt::format("{}.tv_{}", tview.schema, tview.entity)}, {"key", tview.key}};
    catalog::audit("DROP", tview.entity, details.dump());
    pg::call(CommandCounterIncrement);
    if (!table_dropped)
        pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION,
                          fmt::format("drop cascades to TVIEW {}.tv_{}", tview.schema, tview.entity)});
    drop_relation(table_dropped ? tview.view : tview.table, behavior);
    remove_unused_triggers(tview.dependencies);
}

// Rows that went with a partition or child change whatever reads its parent.
void note_lost_rows()
{
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        auto compiled = catalog::compiled(tview.table);
        for (const model::Occurrence &occurrence : compiled->analysis.occurrences) {
            bool family = occurrence.inherit && pg::call([&] {
                return get_rel_relkind(occurrence.relation) == RELKIND_PARTITIONED_TABLE ||
                       has_subclass(occurrence.relation);
            });
            if (family)
                queue::Queue::current().add_everything(tview.table);
        }
    }
}

// A capture trigger dropped by hand would leave its TVIEWs stale without a word.
void check_triggers()
{
    for (const catalog::Tview &tview : catalog::all_tviews())
        for (Oid relation : tview.dependencies)
            if (pg::call([&] { return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)); }) && lacks_triggers(relation))
                pg::raise({ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
                           fmt::format("cannot drop a capture trigger of {}", analyze::qualified_relation_name(relation)),
                           fmt::format("TVIEW {}.tv_{} reads the table.", tview.schema, tview.entity),
                           "Capture triggers go when the last TVIEW that needs them is dropped."});
}

void after_drop(Node *parsetree)
{
    if (InternalDdl::running() || !OidIsValid(catalog::meta_table()))
        return;
    InternalDdl internal;
    pg::SpiSession session;
    Dropped dropped = dropped_objects();
    DropBehavior behavior = cascades(parsetree) ? DROP_CASCADE : DROP_RESTRICT;
    for (const catalog::Tview &tview : catalog::all_tviews())
        if (dropped.relations.count(tview.table) != 0 || dropped.relations.count(tview.view) != 0)
            remove_tview(tview, dropped, behavior);
    if (dropped.capture_trigger) {
        check_triggers();
        note_lost_rows();
    }
}

bool drop_by_name(text *name, bool if_exists, bool cascade)
{
    RangeVar *range = pg::call([&] { return makeRangeVarFromNameList(textToQualifiedNameList(name)); });
    Oid table = pg::call([&] { return RangeVarGetRelid(range, NoLock, if_exists); });
    if (!OidIsValid(table)) {
        pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION,
                          fmt::format("TVIEW \"{}\" does not exist, skipping", range->relname)});
        return false;
    }
    std::string sql = analyze::qualified_relation_name(table);
    if (!catalog::find_tview(table))
        pg::raise({ERRCODE_WRONG_OBJECT_TYPE, fmt::format("\"{}\" is not a TVIEW", range->relname), "",
                   "Use DROP TABLE to remove an ordinary table."});
    pg::SpiSession session;
    pg::execute(fmt::format("DROP TABLE {}{}", sql, cascade ? " CASCADE" : ""));
    return true;
}

}  // namespace

}  // namespace tviews::ddl

TVIEWS_FUNCTION(pg_tviews_sql_drop)
{
    using namespace tviews;
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        pg::raise({ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED, "pg_tviews_sql_drop() must be called as an event trigger"});
    ddl::after_drop(reinterpret_cast<EventTriggerData *>(fcinfo->context)->parsetree);
    return PointerGetDatum(nullptr);
}

TVIEWS_FUNCTION(pg_tviews_drop)
{
    using namespace tviews;
    return BoolGetDatum(ddl::drop_by_name(PG_GETARG_TEXT_PP(0), PG_GETARG_BOOL(1), PG_GETARG_BOOL(2)));
}
