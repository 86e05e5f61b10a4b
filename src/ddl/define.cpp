// The steps of making a TVIEW; see define.hpp.
//
// Order matters: triggers before the fill, so that no change falls between.  Making a trigger waits for transactions that
// have written the table; the fill then runs on a snapshot taken after that.
#include "ddl/define.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>
#include <map>
#include <set>

#include "analyze/analyze.hpp"
#include "analyze/names.hpp"
#include "analyze/restrictions.hpp"
#include "analyze/undetermined.hpp"
#include "catalog/audit.hpp"
#include "catalog/compiled.hpp"
#include "catalog/meta.hpp"
#include "catalog/state.hpp"
#include "ddl/binding.hpp"
#include "ddl/internal.hpp"
#include "ddl/triggers.hpp"
#include "pg/list.hpp"
#include "pg/spi.hpp"
#include "plan/identifier.hpp"
#include "refresh/identity.hpp"
#include "refresh/locks.hpp"
#include "refresh/view_of_data.hpp"
#include "stats/progress.hpp"

namespace tviews::ddl {

namespace {

using plan::quote_name;

constexpr const char *prefix = "tv_";

struct Table {
    Oid oid;
    std::string schema;
    std::string name;
    std::string entity;
    std::string sql;              // qualified
    bool has_fillfactor;
    std::vector<std::string> columns;
};

// Whether the table was made WITH this storage parameter.  C-side: may raise.
bool option_is_given(Oid oid, const char *name)
{
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
    bool is_null;
    Datum options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &is_null);
    bool given = false;
    if (!is_null)
        for (auto *option : pg::items<DefElem>(untransformRelOptions(options)))
            given |= std::strcmp(option->defname, name) == 0;
    ReleaseSysCache(tuple);
    return given;
}

Table describe_table(Oid oid)
{
    Table table{oid, "", "", "", "", false, {}};
    struct Facts {
        const char *schema, *name;
        char persistence;
        bool fillfactor;
        int columns;
    };
    Relation relation = pg::call([&] { return relation_open(oid, AccessShareLock); });
    Facts facts = pg::call([&] {
        return Facts{get_namespace_name(RelationGetNamespace(relation)), pstrdup(RelationGetRelationName(relation)),
                     relation->rd_rel->relpersistence, option_is_given(oid, "fillfactor"),
                     RelationGetDescr(relation)->natts};
    });
    table.schema = facts.schema;
    table.name = facts.name;
    table.entity = entity_of(table.name).value_or(table.name);
    table.sql = analyze::qualified_relation_name(oid);
    table.has_fillfactor = facts.fillfactor;
    for (int i = 0; i < facts.columns; ++i)
        table.columns.emplace_back(NameStr(TupleDescAttr(RelationGetDescr(relation), i)->attname));
    pg::call([&] { relation_close(relation, NoLock); });
    return table;
}

bool contains(const std::vector<std::string> &list, const std::string &item)
{
    return std::find(list.begin(), list.end(), item) != list.end();
}

std::vector<std::string> choose_key(const Table &table, const Options &options)
{
    std::vector<std::string> key = options.key;
    if (key.empty())
        key.push_back("pk_" + table.entity);
    for (const std::string &column : key)
        if (!contains(table.columns, column))
            pg::raise({ERRCODE_INVALID_TABLE_DEFINITION,
                       fmt::format("query of TVIEW \"{}\" has no key column \"{}\"", table.name, column),
                       "A TVIEW needs a column, or several, that identify each of its rows.",
                       fmt::format("Output a column named pk_{}, or name the key: pg_tviews_create('{}', query, "
                                   "'{{\"key\": \"column\"}}').",
                                   table.entity, table.sql)});
    return key;
}

void check_columns(const Table &table)
{
    for (const char *reserved : plan::reserved_columns)
        if (contains(table.columns, reserved))
            pg::raise({ERRCODE_RESERVED_NAME, fmt::format("column name \"{}\" is reserved in TVIEWs", reserved), "",
                       "Give the column another name."});
}

void check_query(const Query *query, const catalog::Tview &tview)
{
    bool logged = pg::call(get_rel_persistence, tview.table) == RELPERSISTENCE_PERMANENT;
    analyze::Findings findings =
        analyze::check_restrictions(query, logged, catalog::environment_of(tview), tview.reads.has_value());
    if (!findings.refusals.empty())
        pg::raise(findings.refusals.front());
    for (const pg::Report &warning : findings.warnings)
        pg::emit(WARNING, warning);
}

// Warns of what the query leaves open, once for all places.  A warning: the TVIEW works, but not everybody who writes LIMIT 1 knows
// that it is open, and a document that changes by itself looks like an error later.
void warn_of_undetermined(const analyze::Undetermined &open)
{
    auto lines = [](const std::vector<std::string> &texts, const char *separator) {
        std::string all;
        for (const std::string &text : texts)
            all += (all.empty() ? "" : separator) + text;
        return all;
    };
    if (!open.empty())
        pg::emit(WARNING, {ERRCODE_WARNING, "the data do not determine the TVIEW's content", lines(open.places, "\n"),
                           lines(open.hints, "\n")});
}

// v_<entity>, or another free name if the application owns that one.
std::string free_view_name(const Table &table)
{
    Oid schema = pg::call([&] { return get_namespace_oid(table.schema.c_str(), false); });
    auto taken = [&](const std::string &name) {
        return OidIsValid(pg::call([&] { return get_relname_relid(name.c_str(), schema); }));
    };
    std::string plain = "v_" + table.entity, name = plain;
    for (int i = 1; taken(name); ++i) {
        std::string label = i == 1 ? "tview" : "tview" + std::to_string(i);
        name = pg::call([&]() -> const char * { return makeObjectName(plain.c_str(), nullptr, label.c_str()); });
    }
    return name;
}

// The backing view gets the query's own tree: text would not always mean the same again (ORDER BY p.title beside another output
// column called title).  Made over the table first, for its columns' names and types.
Oid create_view(const Table &table, const Query *query)
{
    std::string columns;
    for (const std::string &column : table.columns)
        columns += (columns.empty() ? "" : ", ") + quote_name(column);
    std::string name = free_view_name(table);
    pg::execute(fmt::format("CREATE VIEW {}.{} AS SELECT {} FROM {}", quote_name(table.schema), quote_name(name), columns,
                            table.sql));
    return pg::call([&] {
        Oid view = get_relname_relid(name.c_str(), get_namespace_oid(table.schema.c_str(), false));
        auto *tree = static_cast<Query *>(copyObjectImpl(query));
        std::size_t next = 0;
        for (auto *entry : pg::items<TargetEntry>(tree->targetList))
            if (!entry->resjunk)
                entry->resname = pstrdup(table.columns[next++].c_str());
        StoreViewQuery(view, tree, true);
        CommandCounterIncrement();
        return view;
    });
}

void prepare_table(const Table &table, const Options &options)
{
    int fillfactor = options.fillfactor.value_or(default_fillfactor);
    if (options.fillfactor || !table.has_fillfactor)
        pg::execute(fmt::format("ALTER TABLE {} SET (fillfactor = {})", table.sql, fillfactor));
    if (!contains(table.columns, "updated_at"))
        pg::execute(fmt::format("ALTER TABLE {} ADD COLUMN updated_at pg_catalog.timestamptz NOT NULL DEFAULT "
                                "pg_catalog.now()",
                                table.sql));
}

void fill(catalog::Compiled &tview)
{
    std::string columns;
    for (const std::string &column : tview.tview.columns)
        columns += (columns.empty() ? "" : ", ") + quote_name(column);
    refresh::PinnedSettingsScope settings(tview.settings);
    refresh::RoleScope role(tview.owner, refresh::Security::restricted);
    refresh::SnapshotScope snapshot(refresh::Moment::commit);
    pg::Statement statement(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", tview.relations.table, columns, columns,
                                        tview.relations.view),
                            {});
    stats::Progress::running()->phase_of_query("filling");
    statement.write({}, GetActiveSnapshot(), InvalidSnapshot);
}

bool has_btree(Oid table, const std::string &column)
{
    return pg::call([&] {
        Oid type = get_atttype(table, get_attnum(table, column.c_str()));
        return OidIsValid(GetDefaultOpClass(type, BTREE_AM_OID));
    });
}

void create_indexes(const Table &table, const std::vector<std::string> &key, const Options &options)
{
    std::string key_list;
    for (const std::string &column : key)
        key_list += (key_list.empty() ? "" : ", ") + quote_name(column);
    pg::execute(fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", table.sql, key_list));
    for (const std::string &column : table.columns) {
        bool wanted = (column == "id" || is_reference(column)) && column != key.front();
        if (wanted && has_btree(table.oid, column))
            pg::execute(fmt::format("CREATE INDEX ON {} ({})", table.sql, quote_name(column)));
    }
    if (options.data_index) {
        bool fits = contains(table.columns, "data") && pg::call([&] {
            return get_atttype(table.oid, get_attnum(table.oid, "data")) == JSONBOID;
        });
        if (!fits)
            pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "option data_index needs a column \"data\" of type jsonb"});
        pg::execute(fmt::format("CREATE INDEX ON {} USING gin (data)", table.sql));
    }
}

// What PostgreSQL says while the primary key is made, in terms of the TVIEW.
void fill_and_index(catalog::Compiled &tview, const Table &table, const std::vector<std::string> &key,
                    const Options &options)
{
    try {
        fill(tview);
        stats::Progress::running()->phase("indexing");
        create_indexes(table, key, options);
    } catch (const pg::Error &error) {
        int sqlstate = error.data()->sqlerrcode;
        if (sqlstate != ERRCODE_UNIQUE_VIOLATION && sqlstate != ERRCODE_NOT_NULL_VIOLATION)
            throw;
        bool duplicate = sqlstate == ERRCODE_UNIQUE_VIOLATION;
        std::string detail = error.data()->detail ? error.data()->detail : error.data()->message;
        pg::raise({sqlstate,
                   fmt::format("query of TVIEW \"{}\" gives {}", table.name,
                               duplicate ? "several rows with one key" : "a row whose key is null"),
                   detail,
                   duplicate ? "Choose a key that identifies each row, with the option key, or change the query."
                             : "Filter such rows out of the query or give them a key with COALESCE."});
    }
}

std::vector<Oid> base_relations(const model::Analysis &analysis)
{
    std::set<Oid> relations;
    for (const model::Occurrence &occurrence : analysis.occurrences)
        relations.insert(occurrence.relation);
    return {relations.begin(), relations.end()};
}

// A policy that applied to the owner would have to drop rows from documents; the flush raises instead, so say so now.
void check_policies(const std::vector<Oid> &relations)
{
    for (Oid relation : relations)
        if (pg::call([&] { return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED; }))
            pg::raise({ERRCODE_FEATURE_NOT_SUPPORTED,
                       "row-level security applies to the TVIEW's owner on " + analyze::qualified_relation_name(relation),
                       "A TVIEW holds all rows of its query, whoever reads it.",
                       "Let the table's owner, or a role with BYPASSRLS, create the TVIEW."});
}

// The way from the TVIEW over those that read each other back to it; `read_by` leads from each to the one that reads it.
std::string circle(const catalog::Tview &tview, const std::map<Oid, Oid> &read_by)
{
    std::string way = analyze::qualified_relation_name(tview.table);
    for (Oid at = read_by.at(tview.table); OidIsValid(at); at = read_by.at(at))
        way = analyze::qualified_relation_name(at) + ", which reads " + way;
    return fmt::format("It would read {}.", way);
}

// Walks what the TVIEWs read, from `dependencies` on.
void check_cycle(const catalog::Tview &tview, const std::vector<Oid> &dependencies)
{
    std::map<Oid, Oid> read_by;
    std::vector<Oid> reached;
    auto reach = [&](const std::vector<Oid> &relations, Oid reader) {
        for (Oid relation : relations)
            if (read_by.emplace(relation, reader).second)
                reached.push_back(relation);
    };
    reach(dependencies, InvalidOid);
    while (!reached.empty()) {
        Oid relation = reached.back();
        reached.pop_back();
        if (relation == tview.table)
            pg::raise({ERRCODE_INVALID_OBJECT_DEFINITION,
                       fmt::format("TVIEW {}.tv_{} would read itself", tview.schema, tview.entity), circle(tview, read_by),
                       "Let one of the TVIEWs read the base tables instead."});
        if (auto read = catalog::find_tview(relation))
            reach(read->dependencies, relation);
    }
}

}  // namespace

std::optional<std::string> entity_of(const std::string &table_name)
{
    std::string start = prefix;
    if (table_name.size() <= start.size() || table_name.compare(0, start.size(), start) != 0)
        return std::nullopt;
    return table_name.substr(start.size());
}

bool is_reference(const std::string &column)
{
    return column.rfind("fk_", 0) == 0 || (column.size() > 3 && column.compare(column.size() - 3, 3, "_id") == 0);
}

std::string define_tview(Oid oid, const Query *query, const Options &options, Fill when)
{
    InternalDdl internal;
    pg::SpiSession session;
    Table table = describe_table(oid);
    stats::Progress progress("create", table.sql);
    progress.phase("defining");
    catalog::NewTview row;
    row.tview.table = oid;
    row.tview.entity = table.entity;
    row.tview.schema = table.schema;
    check_columns(table);
    row.tview.key = choose_key(table, options);
    row.tview.columns = table.columns;
    row.tview.stamps = !contains(table.columns, "updated_at");
    row.tview.settings = catalog::current_pinned_settings();
    row.tview.reads = options.reads;
    row.tview.mode = options.mode;
    check_query(query, row.tview);
    analyze::Undetermined open = analyze::find_undetermined(query, catalog::environment_of(row.tview));
    warn_of_undetermined(open);
    row.undetermined = open.places;
    row.tview.view = create_view(table, query);
    row.definition = analyze::view_text(row.tview.view);
    row.options = options.text;
    std::copy_if(table.columns.begin(), table.columns.end(), std::back_inserter(row.fk_columns), is_reference);
    prepare_table(table, options);
    auto tview = catalog::compile(row.tview);
    for (auto &setting : catalog::current_settings_of_libraries(tview->functions))
        row.tview.settings.push_back(std::move(setting));
    tview->tview.settings = row.tview.settings;
    row.tview.dependencies = tview->tview.dependencies = base_relations(tview->analysis);
    check_policies(row.tview.dependencies);
    bind(oid, row.tview.view);
    install_triggers(*tview);
    catalog::insert_tview(row);
    pg::call(CommandCounterIncrement);
    refresh::FlushLocks(oid, true);
    std::string mark;
    if (when == Fill::now) {
        fill_and_index(*tview, table, row.tview.key, options);
    } else {
        mark = catalog::add_mark(oid, catalog::Mark::building);
        create_indexes(table, row.tview.key, options);
    }
    catalog::invalidate(row.tview.dependencies);
    catalog::invalidate({oid});
    catalog::Details details;
    catalog::audit("CREATE", table.entity,
                   details.add("table", table.sql).add("key", row.tview.key).add_json("options", options.text)
                       .add("settings", row.tview.settings));
    return mark;
}

void adopt_redefinition(const catalog::Tview &tview, Writers writers)
{
    Query *query = analyze::stored_query(tview.view);
    check_query(query, tview);
    analyze::Undetermined open = analyze::find_undetermined(query, catalog::environment_of(tview));
    bool changed = catalog::update_undetermined(tview.table, open.places);
    if (changed || writers == Writers::waited_for)            // new columns are no reason to say it again
        warn_of_undetermined(open);
    std::vector<Oid> dependencies = base_relations(catalog::compile(tview)->analysis);
    check_cycle(tview, dependencies);
    // In whatever order: a restored database gave the tables other OIDs.
    bool same = std::is_permutation(dependencies.begin(), dependencies.end(), tview.dependencies.begin(), tview.dependencies.end());
    if (!same || writers == Writers::waited_for)
        lock_out_writers({dependencies.begin(), dependencies.end()});
    catalog::invalidate({tview.table});
    if (same)
        return;
    catalog::update_dependencies(tview.table, dependencies);
    pg::call(CommandCounterIncrement);
    catalog::Tview now = tview;
    now.dependencies = dependencies;
    install_triggers(*catalog::compile(now));
    remove_unused_triggers(tview.dependencies);
}

}  // namespace tviews::ddl
