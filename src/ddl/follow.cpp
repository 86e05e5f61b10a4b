// Following other DDL: renames, new owners, new partitions, and redefinitions that change a query's result without any row
// changing (a column added under to_jsonb(p), an enum value renamed, a function replaced).
//
// Runs at ddl_command_end of every command; does nothing where no TVIEW is concerned.
#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <string_view>

#include "analyze/analyze.hpp"
#include "analyze/names.hpp"
#include "analyze/restrictions.hpp"
#include "catalog/audit.hpp"
#include "catalog/compiled.hpp"
#include "catalog/meta.hpp"
#include "ddl/binding.hpp"
#include "ddl/create.hpp"
#include "ddl/define.hpp"
#include "ddl/drop.hpp"
#include "ddl/internal.hpp"
#include "ddl/mentions.hpp"
#include "ddl/shown_names.hpp"
#include "ddl/triggers.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"
#include "pg/spi.hpp"
#include "queue/skipping.hpp"

namespace tviews::ddl {

namespace {

struct Object {
    Oid catalog;
    Oid id;
    friend auto operator<=>(const Object &, const Object &) = default;
};

// Whether an ALTER TABLE has one of these subcommands.
bool alters(Node *parsetree, std::initializer_list<AlterTableType> kinds)
{
    if (!IsA(parsetree, AlterTableStmt))
        return false;
    for (auto *command : pg::items<AlterTableCmd>(reinterpret_cast<AlterTableStmt *>(parsetree)->cmds))
        if (std::find(kinds.begin(), kinds.end(), command->subtype) != kinds.end())
            return true;
    return false;
}

// Whether the command changes the columns of a table or composite type: which there are, what they are called, what is in them.
bool alters_columns(Node *parsetree)
{
    if (IsA(parsetree, RenameStmt)) {
        ObjectType kind = reinterpret_cast<RenameStmt *>(parsetree)->renameType;
        return kind == OBJECT_COLUMN || kind == OBJECT_ATTRIBUTE;
    }
    return alters(parsetree, {AT_AddColumn, AT_DropColumn, AT_AlterColumnType});
}

// Whether the command goes through to the children of a table and to the tables of a composite type, which it does not name.
bool alters_family(Node *parsetree)
{
    return alters_columns(parsetree) ||
           alters(parsetree, {AT_EnableTrig, AT_EnableAlwaysTrig, AT_EnableReplicaTrig, AT_DisableTrig, AT_EnableTrigAll,
                              AT_DisableTrigAll, AT_EnableTrigUser, AT_DisableTrigUser});
}

void add_typed_tables(std::set<Object> &objects)
{
    std::set<Object> tables;
    for (const Object &object : objects)
        if (object.catalog == RelationRelationId && pg::call(get_rel_relkind, object.id) == RELKIND_COMPOSITE_TYPE)
            pg::execute("SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reloftype WHERE t.typrelid = $1",
                        {OIDOID}, {{ObjectIdGetDatum(object.id)}, {}}, [&](TupleTableSlot *slot) {
                            pg::call([&] { slot_getallattrs(slot); });
                            tables.insert({RelationRelationId, DatumGetObjectId(slot->tts_values[0])});
                        });
    objects.merge(tables);
}

void add_children(std::set<Object> &objects)
{
    std::set<Object> children;
    for (const Object &object : objects) {
        if (object.catalog != RelationRelationId || !pg::call(has_subclass, object.id))
            continue;
        for (Oid member : catalog::family_of(object.id))
            children.insert({RelationRelationId, member});
    }
    objects.merge(children);
}

std::set<Object> changed_objects(Node *parsetree)
{
    std::set<Object> objects;
    pg::execute("SELECT classid, objid FROM pg_catalog.pg_event_trigger_ddl_commands() WHERE objid IS NOT NULL", {}, {},
                [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    objects.insert({DatumGetObjectId(slot->tts_values[0]), DatumGetObjectId(slot->tts_values[1])});
                });
    if (alters_family(parsetree)) {
        add_typed_tables(objects);
        add_children(objects);
    }
    // Whatever changes a relation, or a composite type, which is one, changes its row type.
    std::set<Object> row_types;
    for (const Object &object : objects)
        if (Oid type = object.catalog == RelationRelationId ? pg::call(get_rel_type_id, object.id) : InvalidOid; OidIsValid(type))
            row_types.insert({TypeRelationId, type});
    objects.merge(row_types);
    return objects;
}

// What default_text_search_config was when the TVIEW was made; InvalidOid if there is none of that name any more.
Oid default_configuration(const catalog::Tview &tview)
{
    for (const auto &[name, value] : tview.settings)
        if (name == "default_text_search_config")
            return pg::call([&] { return get_ts_config_oid(stringToQualifiedNameList(value.c_str()), true); });
    return InvalidOid;
}

// Everything a TVIEW's view depends on, directly, through the views it reads or through other objects: functions, types, operators, what
// an aggregate or a SQL function calls.  So it does on the text search configuration it was made under, without saying so.
std::set<Object> referenced_objects(const catalog::Tview &tview)
{
    Oid configuration = default_configuration(tview);
    std::set<Object> objects;
    pg::execute("WITH RECURSIVE used(classid, objid) AS ("
                "SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid, r.oid "
                "FROM pg_catalog.pg_rewrite r WHERE r.ev_class = $1 AND r.rulename = '_RETURN' "
                "UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass::pg_catalog.oid, $2 "
                "UNION SELECT n.classid, n.objid FROM used u JOIN pg_catalog.pg_depend d "
                "ON d.classid = u.classid AND d.objid = u.objid CROSS JOIN LATERAL ("
                "SELECT d.refclassid, d.refobjid WHERE d.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass "
                "AND d.refclassid <> 'pg_catalog.pg_extension'::pg_catalog.regclass "
                "UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid FROM pg_catalog.pg_rewrite r "
                "WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.ev_class = d.refobjid AND r.rulename = '_RETURN'"
                ") AS n(classid, objid)) SELECT classid, objid FROM used",
                {OIDOID, OIDOID}, {{ObjectIdGetDatum(tview.view), ObjectIdGetDatum(configuration)}, {}}, [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    objects.insert({DatumGetObjectId(slot->tts_values[0]), DatumGetObjectId(slot->tts_values[1])});
                });
    return objects;
}

bool changed(const std::set<Object> &objects, Oid catalog, Oid id)
{
    return objects.count({catalog, id}) != 0;
}

// Whether the definition of a column's type changed (enum labels, domains, composite types): it may decide what a document says.
bool uses_changed_type(const catalog::Compiled &tview, const std::set<Object> &objects)
{
    std::set<Oid> types;
    for (const model::Occurrence &occurrence : tview.analysis.occurrences)
        for (const model::Attribute &attribute : occurrence.attributes)
            collect_types(attribute.type.id, types);
    return std::any_of(types.begin(), types.end(), [&](Oid type) { return changed(objects, TypeRelationId, type); });
}

// Whether the command may have changed the query's result by itself.
bool redefined(const catalog::Compiled &tview, const std::set<Object> &objects, bool alters_inheritance)
{
    for (const model::Occurrence &occurrence : tview.analysis.occurrences) {
        if (!changed(objects, RelationRelationId, occurrence.relation))
            continue;
        bool whole_row = occurrence.used.count(model::whole_row) != 0;
        if (whole_row || alters_inheritance)
            return true;
    }
    if (uses_changed_type(tview, objects))
        return true;
    auto is_relation = [](const Object &object) { return object.catalog == RelationRelationId; };
    if (std::all_of(objects.begin(), objects.end(), is_relation))
        return false;
    auto referenced = referenced_objects(tview.tview);
    return std::any_of(objects.begin(), objects.end(),
                       [&](const Object &object) { return !is_relation(object) && referenced.count(object) != 0; });
}

// Compiling locks what a TVIEW reads, which may be nobody's business here and about to be dropped: only one that calls functions.  Not
// PostgreSQL's own, which every text search configuration does.
bool calls_functions(const catalog::Tview &tview)
{
    auto objects = referenced_objects(tview);
    return std::any_of(objects.begin(), objects.end(), [](const Object &object) {
        return object.catalog == ProcedureRelationId && object.id >= FirstNormalObjectId;
    });
}

// Adds what the names mean to functions that use them; none are left where no TVIEW calls functions.
void complete_names(const std::vector<catalog::Tview> &tviews, std::set<std::string> &names)
{
    if (names.empty())
        return;
    if (std::any_of(tviews.begin(), tviews.end(), calls_functions))
        add_callers(names);
    else
        names.clear();
}

// Whether the text of a function that the TVIEW uses has one of the names.
bool may_mean(const catalog::Tview &tview, const std::set<std::string> &names)
{
    return !names.empty() && tview.protocol == catalog::protocol_version && catalog::relation_exists(tview.table) &&
           catalog::relation_exists(tview.view) && calls_functions(tview) && mentions(*catalog::compiled(tview.table), names);
}

// A source may not become unlogged, foreign or temporary under a TVIEW either.
void check_sources(const catalog::Compiled &tview)
{
    bool logged = pg::call(get_rel_persistence, tview.tview.table) == RELPERSISTENCE_PERMANENT;
    analyze::Findings findings = analyze::check_sources(tview.analysis.occurrences, logged);
    if (!findings.refusals.empty())
        pg::raise(findings.refusals.front());
}

// The table of a TVIEW must keep the columns of its query and its primary key.
void check_shape(const catalog::Tview &tview)
{
    auto refuse = [&](const std::string &detail) {
        pg::raise({ERRCODE_FEATURE_NOT_SUPPORTED, fmt::format("cannot alter TVIEW {}.tv_{} that way", tview.schema, tview.entity),
                   detail, "Drop the TVIEW and create it again with the query you want."});
    };
    for (const std::string &column : tview.columns) {
        bool same = pg::call([&] {
            AttrNumber stored = get_attnum(tview.table, column.c_str()), computed = get_attnum(tview.view, column.c_str());
            return stored != InvalidAttrNumber && computed != InvalidAttrNumber &&
                   get_atttype(tview.table, stored) == get_atttype(tview.view, computed);
        });
        if (!same)
            refuse(fmt::format("Column \"{}\" must be there, with the type the query gives it.", column));
    }
    bool has_primary_key = pg::call([&] {
        Relation relation = relation_open(tview.table, AccessShareLock);
        bool found = OidIsValid(RelationGetPrimaryKeyIndex(relation));
        relation_close(relation, AccessShareLock);
        return found;
    });
    if (!has_primary_key)
        refuse("Its primary key keeps documents apart.");
}

// The backing view belongs to whoever owns the table.
void follow_owner(const catalog::Tview &tview)
{
    Oid owner = catalog::owner_of(tview.table);
    if (!OidIsValid(owner) || catalog::owner_of(tview.view) == owner)
        return;
    std::string role = pg::call([&]() -> const char * { return quote_identifier(GetUserNameFromId(owner, false)); });
    catalog::AsExtensionOwner extension_owner;
    pg::execute(fmt::format("ALTER VIEW {} OWNER TO {}", analyze::qualified_relation_name(tview.view), role));
    catalog::Details details;
    catalog::audit("ALTER", tview.entity,
                   details.add("table", analyze::qualified_relation_name(tview.table)).add("owner", role));
}

void follow_names(const catalog::Tview &tview)
{
    struct Names {
        const char *schema, *table;
    };
    Names names = pg::call([&] {
        const char *table = get_rel_name(tview.table);
        return Names{table ? get_namespace_name(get_rel_namespace(tview.table)) : nullptr, table};
    });
    if (names.table == nullptr)
        return;
    auto named = entity_of(names.table);
    if (!named)
        pg::raise({ERRCODE_INVALID_NAME, fmt::format("invalid name \"{}\" for a TVIEW", names.table), "",
                   "The name of a TVIEW is tv_ followed by its entity, for instance tv_post."});
    const std::string &entity = *named;
    if (!catalog::update_names(tview.table, entity, names.schema, analyze::view_text(tview.view)))
        return;
    catalog::Details details;
    details.add("table", analyze::qualified_relation_name(tview.table));
    if (entity != tview.entity || tview.schema != names.schema)
        details.add("was", catalog::name_of(tview));
    catalog::audit("ALTER", entity, details);
    catalog::invalidate({tview.table});
}

bool alters_inheritance(Node *parsetree)
{
    if (IsA(parsetree, CreateStmt))
        return reinterpret_cast<CreateStmt *>(parsetree)->inhRelations != nullptr;
    if (IsA(parsetree, CreateForeignTableStmt))
        return reinterpret_cast<CreateForeignTableStmt *>(parsetree)->base.inhRelations != nullptr;
    return alters(parsetree, {AT_AttachPartition, AT_DetachPartition, AT_DetachPartitionFinalize, AT_AddInherit, AT_DropInherit});
}

bool alters_persistence(Node *parsetree)
{
    return alters(parsetree, {AT_SetLogged, AT_SetUnLogged});
}

// What ALTER TABLE … DETACH PARTITION or NO INHERIT names besides the altered table: the partition let go, which needs no
// triggers any more, or the parent left, whose readers have lost rows, and through which those of the table are written no more.
void note_separated(Node *parsetree, std::set<Object> &objects)
{
    if (!IsA(parsetree, AlterTableStmt))
        return;
    auto *statement = reinterpret_cast<AlterTableStmt *>(parsetree);
    auto find = [](RangeVar *name) { return pg::call([&] { return RangeVarGetRelid(name, NoLock, true); }); };
    for (auto *command : pg::items<AlterTableCmd>(statement->cmds)) {
        if (command->subtype == AT_DetachPartition || command->subtype == AT_DetachPartitionFinalize) {
            remove_unused_triggers({find(reinterpret_cast<PartitionCmd *>(command->def)->name)});
        } else if (command->subtype == AT_DropInherit) {
            Oid parent = find(reinterpret_cast<RangeVar *>(command->def));
            remove_unused_triggers({find(statement->relation), parent});
            objects.insert({RelationRelationId, parent});
        }
    }
}

// Of the tables the command touched, and of what they are children of now.
std::set<Oid> readers_of(const std::set<Object> &objects)
{
    std::set<Oid> readers;
    for (const Object &object : objects)
        if (object.catalog == RelationRelationId)
            for (Oid reader : catalog::readers_of(object.id))
                readers.insert(reader);
    return readers;
}

void warn_of_disabled_triggers(Node *parsetree, const std::set<Object> &objects)
{
    if (!alters(parsetree, {AT_DisableTrig, AT_DisableTrigAll, AT_DisableTrigUser}))
        return;
    for (const Object &object : objects)
        if (object.catalog == RelationRelationId && capture_is_disabled(object.id) &&
            !catalog::readers_of(object.id).empty())
            pg::emit(WARNING, {ERRCODE_WARNING,
                               "TVIEWs are not maintained while the capture triggers of " +
                                   analyze::qualified_relation_name(object.id) + " are disabled",
                               "", "Enable the triggers, then run pg_tviews_refresh()."});
}

void follow_enabled_triggers(Node *parsetree, const std::set<Object> &objects)
{
    if (!alters(parsetree, {AT_EnableTrig, AT_EnableTrigAll, AT_EnableTrigUser}))
        return;
    for (const Object &object : objects)
        if (object.catalog == RelationRelationId)
            restore_firing(object.id);
}

// Whether an ALTER changes what is behind a name: an enum's labels, a domain, a function.
bool redefines(Node *parsetree)
{
    return IsA(parsetree, AlterEnumStmt) || IsA(parsetree, AlterDomainStmt) || IsA(parsetree, AlterFunctionStmt);
}

// Nobody uses a new type, but a function's text may mean it.
bool makes_type(std::string_view command)
{
    return command == "CREATE TYPE" || command == "CREATE DOMAIN";
}

bool may_concern_tviews(const char *tag)
{
    std::string_view command = tag;
    return command.starts_with("ALTER") || command == "CREATE VIEW" || command == "CREATE FUNCTION" ||
           command == "CREATE PROCEDURE" || command == "CREATE AGGREGATE" || command == "CREATE OPERATOR" ||
           command.starts_with("CREATE TABLE") || command == "SELECT INTO" || command == "CREATE MATERIALIZED VIEW" ||
           command == "CREATE EXTENSION" || command == "CREATE FOREIGN TABLE" || command == "CREATE CAST" || makes_type(tag);
}

// The relations among the objects: in a function's body a new column is in each `*`, joins naturally and may be what a name means.
void add_relation_names(const std::set<Object> &objects, std::set<std::string> &names)
{
    for (const Object &object : objects)
        if (object.catalog == RelationRelationId)
            if (const char *name = pg::call(get_rel_name, object.id); name != nullptr)
                names.insert(name);
}

struct Command {
    Node *parsetree;
    std::set<Object> objects;     // what it made or altered
    std::set<std::string> names;  // what it gave a name, or took one from
    bool inheritance;             // attaches or detaches children:
    std::set<Oid> readers;        // TVIEWs that read them or their parents
};

// Only these change what things are called.  Others must not ask for the definition's text: that locks all it reads, and two
// sessions altering two of its tables (a parallel restore) would deadlock.
bool may_rename(Node *parsetree)
{
    return IsA(parsetree, RenameStmt) || IsA(parsetree, AlterObjectSchemaStmt) || IsA(parsetree, ViewStmt);
}

void follow(const catalog::Tview &tview, const Command &command)
{
    follow_owner(tview);
    if (may_rename(command.parsetree))
        follow_names(tview);
    bind(tview.table, tview.view);
    if (changed(command.objects, RelationRelationId, tview.table) || changed(command.objects, RelationRelationId, tview.view))
        check_shape(tview);
    auto compiled = catalog::compiled(tview.table);
    std::vector<Oid> views = compiled->views;
    bool redefined_view = std::any_of(views.begin(), views.end(),
                                      [&](Oid view) { return changed(command.objects, RelationRelationId, view); });
    bool redefined_function = mentions(*compiled, command.names) ||
                              std::any_of(compiled->functions.begin(), compiled->functions.end(),
                                          [&](Oid function) { return changed(command.objects, ProcedureRelationId, function); });
    if (redefined_view || redefined_function) {
        bool columns = !redefined_view && alters_columns(command.parsetree);
        adopt_redefinition(tview, columns ? Writers::left : Writers::waited_for);
        compiled = catalog::compiled(tview.table);
    }
    bool family = command.readers.count(tview.table) != 0;
    if (family || alters_persistence(command.parsetree))
        check_sources(*compiled);
    if (family)
        install_triggers(*compiled);
    bool called_otherwise = calls_otherwise(command.parsetree) && std::any_of(views.begin(), views.end(), [](Oid view) {
        return shows_names(reinterpret_cast<Node *>(analyze::stored_query(view)));
    });
    if (family || redefined_view || redefined_function || called_otherwise ||
        redefined(*compiled, command.objects, command.inheritance))
        queue::note_everything(tview.table);
}

// Whether columns, domains, functions or the like have the table's row type, or arrays of it.
bool is_used(Oid row_type)
{
    bool found = false;
    pg::execute("SELECT FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass "
                "AND refobjid IN ($1, (SELECT typarray FROM pg_catalog.pg_type WHERE oid = $1)) AND deptype = 'n' LIMIT 1",
                {OIDOID}, {{ObjectIdGetDatum(row_type)}, {}}, [&](TupleTableSlot *) { found = true; });
    return found;
}

// A table, its row type while nothing else uses that, and what comes with the table: indexes and sequences.
bool is_about_a_table(const Object &object)
{
    Oid relation = object.catalog == RelationRelationId ? object.id : InvalidOid;
    if (object.catalog == TypeRelationId)
        relation = pg::call(get_typ_typrelid, object.id);
    if (object.catalog == TypeRelationId && OidIsValid(relation) && is_used(object.id))
        return false;
    char kind = OidIsValid(relation) ? pg::call(get_rel_relkind, relation) : '\0';
    return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_INDEX ||
           kind == RELKIND_PARTITIONED_INDEX || kind == RELKIND_SEQUENCE;
}

// Whether the command touches what the TVIEW is or reads; anything but a table (a view, a type, a function, a schema) may.
// Takes no lock, where the TVIEW is in the cache: sessions that alter different TVIEWs must not wait for each other.
bool concerns(const Command &command, const catalog::Tview &tview)
{
    if (command.inheritance || may_rename(command.parsetree) || alters_persistence(command.parsetree))
        return true;
    return may_mean(tview, command.names) || std::any_of(command.objects.begin(), command.objects.end(), [&](const Object &object) {
        return !is_about_a_table(object) || object.id == tview.table ||
               std::find(tview.dependencies.begin(), tview.dependencies.end(), object.id) != tview.dependencies.end();
    });
}

void after_ddl(Node *parsetree, const char *tag)
{
    if (InternalDdl::running() || !may_concern_tviews(tag) || !OidIsValid(catalog::meta_table()))
        return;
    auto tviews = catalog::all_tviews();
    if (tviews.empty())
        return;
    InternalDdl internal;
    pg::SpiSession session;
    Command command{parsetree, changed_objects(parsetree), {}, alters_inheritance(parsetree), {}};
    add_names(parsetree, command.names);
    if (std::string_view(tag).starts_with("CREATE") || redefines(parsetree))
        command.names.merge(made_names());
    if (alters_columns(parsetree))
        add_relation_names(command.objects, command.names);
    complete_names(tviews, command.names);
    if (makes_type(tag))
        command.objects.clear();
    if (command.inheritance) {
        note_separated(parsetree, command.objects);
        command.readers = readers_of(command.objects);
    }
    follow_enabled_triggers(parsetree, command.objects);
    warn_of_disabled_triggers(parsetree, command.objects);
    for (const catalog::Tview &tview : tviews)
        if (catalog::relation_exists(tview.table) && catalog::relation_exists(tview.view) && concerns(command, tview) &&
            catalog::is_tview(tview.table))
            follow(tview, command);
}

}  // namespace

// CREATE OR REPLACE VIEW will wait for the writers of what its TVIEWs read (adopt_redefinition), whose flush at commit needs the view:
// wait for them first, while the view is not locked.
void lock_before_redefinition(Node *parsetree)
{
    auto *statement = reinterpret_cast<ViewStmt *>(parsetree);
    if (!statement->replace || InternalDdl::running() || !OidIsValid(catalog::meta_table()))
        return;
    Oid view = pg::call([&] { return RangeVarGetRelid(statement->view, NoLock, true); });
    if (!OidIsValid(view) || !pg::call(pg_class_ownercheck, view, GetUserId()))
        return;
    std::set<Oid> relations;
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        if (!catalog::is_tview(tview.table))
            continue;
        const auto &watched = catalog::compiled(tview.table)->watched;
        if (std::binary_search(watched.begin(), watched.end(), view))
            relations.insert(tview.dependencies.begin(), tview.dependencies.end());
    }
    lock_out_writers(relations);
}

void follow_drop(std::set<std::string> names)
{
    auto tviews = catalog::all_tviews();
    complete_names(tviews, names);
    for (const catalog::Tview &tview : tviews) {
        if (!may_mean(tview, names))
            continue;
        adopt_redefinition(tview);
        queue::note_everything(tview.table);
    }
}

}  // namespace tviews::ddl

TVIEWS_FUNCTION(pg_tviews_ddl_start)
{
    using namespace tviews;
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        pg::raise({ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED, "pg_tviews_ddl_start() must be called as an event trigger"});
    Node *parsetree = reinterpret_cast<EventTriggerData *>(fcinfo->context)->parsetree;
    if (IsA(parsetree, CreateTableAsStmt))
        ddl::start_create_table_as(parsetree);
    else if (IsA(parsetree, ViewStmt))
        ddl::lock_before_redefinition(parsetree);
    else
        ddl::lock_before_drop(parsetree);
    return PointerGetDatum(nullptr);
}

TVIEWS_FUNCTION(pg_tviews_ddl_end)
{
    using namespace tviews;
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        pg::raise({ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED, "pg_tviews_ddl_end() must be called as an event trigger"});
    auto *data = reinterpret_cast<EventTriggerData *>(fcinfo->context);
    if (!ddl::end_create_table_as(data->parsetree))
        ddl::after_ddl(data->parsetree, pg::call(GetCommandTagName, data->tag));
    return PointerGetDatum(nullptr);
}
