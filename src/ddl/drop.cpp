// Dropping: what a TVIEW leaves behind is removed in the command that drops it, however that comes about.
//
// Before the command: the base tables and their partitions are locked, because dropping their capture triggers will need the lock and
// a writer that holds one of them flushes at commit, which needs the TVIEW.  PostgreSQL drops table and backing view
// together (binding.hpp).  After it: catalog rows and capture triggers nobody needs go.
#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <utility>

#include "analyze/names.hpp"
#include "catalog/audit.hpp"
#include "catalog/meta.hpp"
#include "ddl/drop.hpp"
#include "ddl/internal.hpp"
#include "ddl/triggers.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"
#include "pg/spi.hpp"
#include "queue/skipping.hpp"
#include "refresh/locks.hpp"

namespace tviews::ddl {

namespace {

// Whether the command dropped a capture trigger, with its table or alone.
bool drops_capture_trigger()
{
    bool found = false;
    pg::execute("SELECT FROM pg_catalog.pg_event_trigger_dropped_objects() WHERE object_type = 'trigger' "
                "AND object_identity LIKE '\"!pg\\_tviews\\_%'",
                {}, {}, [&](TupleTableSlot *) { found = true; });
    return found;
}

// What the dropped tables, views, functions and their like were called.
std::set<std::string> dropped_names()
{
    std::set<std::string> names;
    pg::execute("SELECT coalesce(d.object_name, d.address_names[pg_catalog.cardinality(d.address_names)]) "
                "FROM pg_catalog.pg_event_trigger_dropped_objects() d WHERE NOT d.is_temporary "
                "AND d.object_type NOT IN ('trigger', 'rule', 'default value', 'table constraint')",
                {}, {}, [&](TupleTableSlot *slot) { names.insert(pg::text_column(slot, 1).value_or("")); });
    return names;
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
    if (!catalog::relation_exists(relation))
        return;
    pg::call([&] {
        LockRelationOid(relation, AccessExclusiveLock);
        ObjectAddress address{RelationRelationId, relation, 0};
        performDeletion(&address, behavior, 0);
        CommandCounterIncrement();
    });
}

// Catalog row, audit and, where the bond of binding.hpp was missing, the half that is left.
void remove_tview(const catalog::Tview &tview, DropBehavior behavior)
{
    catalog::Deleted deleted = catalog::delete_tview(tview.table);
    catalog::Details details;
    catalog::audit("DROP", tview.entity,
                   details.add("table", catalog::name_of(tview)).add("key", tview.key).add("definition", deleted.definition)
                       .add_json("options", deleted.options).add("settings", tview.settings));
    pg::call(CommandCounterIncrement);
    drop_relation(tview.view, behavior);
    drop_relation(tview.table, behavior);
}

// TVIEWs of which a half is gone, but not those that another session has dropped meanwhile.
std::vector<catalog::Tview> broken_tviews()
{
    std::vector<catalog::Tview> tviews = catalog::all_tviews();
    std::erase_if(tviews, [](const catalog::Tview &tview) {
        return catalog::relation_exists(tview.table) && catalog::relation_exists(tview.view);
    });
    if (!tviews.empty())
        std::erase_if(tviews, [now = catalog::all_tviews()](const catalog::Tview &tview) {
            return std::none_of(now.begin(), now.end(), [&](const catalog::Tview &other) { return other.table == tview.table; });
        });
    return tviews;
}

// Removes them until there are none: dropping one may take others along.  Those that others read come first, so that they can be made
// again in the order of the audit log.
std::set<Oid> remove_broken(DropBehavior behavior)
{
    std::set<Oid> dependencies;
    for (auto broken = broken_tviews(); !broken.empty(); broken = broken_tviews()) {
        auto next = std::find_if(broken.begin(), broken.end(), [&](const catalog::Tview &tview) {
            return std::none_of(broken.begin(), broken.end(), [&](const catalog::Tview &other) {
                return std::find(tview.dependencies.begin(), tview.dependencies.end(), other.table) != tview.dependencies.end();
            });
        });
        const catalog::Tview &tview = next == broken.end() ? broken.front() : *next;
        remove_tview(tview, behavior);
        dependencies.insert(tview.dependencies.begin(), tview.dependencies.end());
    }
    return dependencies;
}

// Inheritance parents of base tables that the running command drops: who they were is known only before.  Never destroyed.
std::set<Oid> &parents_left()
{
    static auto *only = new std::set<Oid>;
    return *only;
}

bool has_children(Oid relation)
{
    return catalog::relation_exists(relation) &&
           pg::call([&] { return get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE || has_subclass(relation); });
}

// Rows that went with a partition or child change whatever reads its parent.  Only TVIEWs that read a parent are compiled, which
// locks what they read.
void note_lost_rows()
{
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        if (std::none_of(tview.dependencies.begin(), tview.dependencies.end(), has_children) || !catalog::is_tview(tview.table))
            continue;
        auto compiled = catalog::compiled(tview.table);
        const auto &occurrences = compiled->analysis.occurrences;
        if (std::any_of(occurrences.begin(), occurrences.end(), [](const model::Occurrence &occurrence) {
                return occurrence.inherit && has_children(occurrence.relation);
            }))
            queue::note_everything(tview.table);
    }
}

// A capture trigger dropped by hand leaves its TVIEWs stale.  A warning, no error: a restore that cleans up first drops
// triggers by name, and makes them again.
void warn_of_missing_triggers()
{
    std::set<Oid> relations;
    for (const catalog::Tview &tview : catalog::all_tviews())
        relations.insert(tview.dependencies.begin(), tview.dependencies.end());
    for (Oid relation : relations)
        if (lacks_triggers(relation) && catalog::relation_exists(relation))     // in this order: it may be dropped meanwhile
            pg::emit(WARNING, {ERRCODE_WARNING,
                               fmt::format("TVIEWs are not maintained while {} lacks a capture trigger",
                                           analyze::qualified_relation_name(relation)),
                               "", "Run pg_tviews_reinstall_triggers()."});
}

void after_drop(Node *parsetree)
{
    if (InternalDdl::running() || !OidIsValid(catalog::meta_table()))
        return;
    InternalDdl internal;
    pg::SpiSession session;
    bool capture_trigger = drops_capture_trigger();
    std::set<std::string> names = dropped_names();
    std::set<Oid> read = remove_broken(cascades(parsetree) ? DROP_CASCADE : DROP_RESTRICT);
    read.merge(std::exchange(parents_left(), {}));
    remove_unused_triggers({read.begin(), read.end()});
    if (capture_trigger) {
        warn_of_missing_triggers();
        note_lost_rows();
    }
    if (!names.empty())
        follow_drop(std::move(names));
}

// The relations DROP TABLE or DROP VIEW names and the user may drop: whoever may not must not block others either.
std::set<Oid> named_relations(const DropStmt *statement)
{
    std::set<Oid> relations;
    if (statement->removeType != OBJECT_TABLE && statement->removeType != OBJECT_VIEW)
        return relations;
    for (auto *name : pg::items<List>(statement->objects)) {
        Oid found = pg::call([&] {
            Oid relation = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
            return OidIsValid(relation) && pg_class_ownercheck(relation, GetUserId()) ? relation : InvalidOid;
        });
        if (OidIsValid(found))
            relations.insert(found);
    }
    return relations;
}

std::set<Oid> named_schemas(const DropStmt *statement)
{
    std::set<Oid> schemas;
    if (statement->removeType != OBJECT_SCHEMA)
        return schemas;
    for (Node *name : pg::nodes(statement->objects)) {
        Oid found = pg::call([&] {
            Oid schema = get_namespace_oid(strVal(name), true);
            return OidIsValid(schema) && pg_namespace_ownercheck(schema, GetUserId()) ? schema : InvalidOid;
        });
        if (OidIsValid(found))
            schemas.insert(found);
    }
    return schemas;
}

std::set<Oid> named_roles(const DropOwnedStmt *statement)
{
    std::set<Oid> roles;
    for (auto *role : pg::items<RoleSpec>(statement->roles))
        roles.insert(pg::call([&] { return get_rolespec_oid(role, true); }));
    return roles;
}

// Objects a DROP names: it may drop a TVIEW whose table, view or base tables are among them.
struct Named {
    std::set<Oid> relations, schemas, roles;

    bool contains(Oid relation) const
    {
        struct Facts {
            Oid schema, owner;
        };
        Facts facts = pg::call([&] {
            HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
            if (!HeapTupleIsValid(tuple))
                return Facts{InvalidOid, InvalidOid};
            auto *form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
            Facts found{form->relnamespace, form->relowner};
            ReleaseSysCache(tuple);
            return found;
        });
        return relations.count(relation) != 0 || schemas.count(facts.schema) != 0 || roles.count(facts.owner) != 0;
    }
};

Named named_objects(Node *parsetree)
{
    if (IsA(parsetree, DropOwnedStmt))
        return {{}, {}, named_roles(reinterpret_cast<DropOwnedStmt *>(parsetree))};
    if (!IsA(parsetree, DropStmt))
        return {};
    auto *statement = reinterpret_cast<DropStmt *>(parsetree);
    return {named_relations(statement), named_schemas(statement), {}};
}

}  // namespace

void lock_before_drop(Node *parsetree)
{
    if (InternalDdl::running() || !OidIsValid(catalog::meta_table()))
        return;
    Named named = named_objects(parsetree);
    std::set<Oid> relations;
    parents_left().clear();
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        bool concerned = named.contains(tview.table) || named.contains(tview.view);
        for (Oid read : tview.dependencies) {
            if (!named.contains(read))
                continue;
            concerned = true;
            std::vector<Oid> parents = catalog::inheritance_ancestors(read);
            parents_left().insert(parents.begin(), parents.end());
        }
        if (concerned)
            relations.insert(tview.dependencies.begin(), tview.dependencies.end());
    }
    refresh::lock_families(relations);            // waits for writers while they can still flush
    refresh::lock_families(relations, AccessExclusiveLock);
}

namespace {

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
