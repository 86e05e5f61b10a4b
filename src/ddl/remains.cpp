// Looking for TVIEWs without their rows in pg_tview_meta; see remains.hpp.
#include "ddl/remains.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "analyze/analyze.hpp"
#include "analyze/names.hpp"
#include "catalog/compiled.hpp"
#include "catalog/state.hpp"
#include "ddl/define.hpp"
#include "pg/spi.hpp"
#include "pg/subtransaction.hpp"
#include "pg/text.hpp"

namespace tviews::ddl {

namespace {

using Texts = std::vector<std::optional<std::string>>;

// The first row of a query as text, empty if there is none.
Texts first_row(const std::string &sql, const std::vector<Oid> &types, const pg::Parameters &parameters, int columns)
{
    Texts row;
    pg::execute(sql, types, parameters, [&](TupleTableSlot *slot) {
        for (int i = 1; row.size() < static_cast<std::size_t>(columns); ++i)
            row.push_back(pg::text_column(slot, i));
    });
    return row;
}

// How table and view are known to belong together.
enum class Evidence { bond = 1, row = 2, audit = 3, triggers = 4 };

struct Pair {
    Oid table, view;
    Evidence evidence;
};

// Table and view that are bound, or that a row names.  Of tables that neither knows, where the view has the name a TVIEW's view gets and
// the table's columns: those the audit log calls a TVIEW, and, where it is silent, those whose view reads a table with a capture
// trigger that serves no TVIEW known.  The last must have all that the table of a TVIEW has, since tables kept by hand look much the same.
std::vector<Pair> find_pairs(std::optional<Oid> table)
{
    constexpr const char *sql = R"(
        WITH RECURSIVE bound AS (
            SELECT d.refobjid AS "table", d.objid AS view, 1 AS source
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class v ON v.oid = d.objid AND v.relkind = 'v'
            JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relkind = 'r'
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.deptype = 'i' AND d.objsubid = 0 AND d.refobjsubid = 0),
        known AS (
            TABLE bound
            UNION ALL SELECT t.oid, v.oid, 2 FROM {0}.pg_tview_meta m
            JOIN pg_catalog.pg_class t ON t.oid = m."table" AND t.relkind = 'r'
            JOIN pg_catalog.pg_class v ON v.oid = m.view AND v.relkind = 'v'
            WHERE NOT EXISTS (SELECT FROM bound b WHERE b.view = v.oid)),
        events AS (
            SELECT details ->> 'table' AS name, operation <> 'DROP' AS lives, log_id FROM {0}.pg_tview_audit_log
            WHERE operation IN ('CREATE', 'DROP', 'ALTER')
            UNION ALL SELECT details ->> 'was', false, log_id FROM {0}.pg_tview_audit_log WHERE operation = 'ALTER' AND details ? 'was'),
        named AS (
            SELECT t.oid AS "table", v.oid AS view, (SELECT e.lives FROM events e
                WHERE e.name IN (pg_catalog.format('%I.%I', n.nspname, t.relname), n.nspname || '.' || t.relname)
                ORDER BY e.log_id DESC LIMIT 1) AS lives
            FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
            JOIN pg_catalog.pg_class v ON v.relnamespace = t.relnamespace AND v.relkind = 'v'
                AND v.relname IN ('v_' || pg_catalog.substr(t.relname, 4), 'v_' || pg_catalog.substr(t.relname, 4) || '_tview')
            WHERE t.relkind = 'r' AND t.relname LIKE 'tv\_%' AND NOT EXISTS (SELECT FROM known k WHERE k."table" = t.oid)
                AND NOT EXISTS (SELECT FROM known k WHERE k.view = v.oid)
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute c WHERE c.attrelid = v.oid AND c.attnum > 0
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute s WHERE s.attrelid = t.oid AND s.attnum = c.attnum
                        AND s.attname = c.attname AND s.atttypid = c.atttypid))),
        complete AS (
            SELECT x."table", x.view FROM named x
            WHERE x.lives IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = x."table" AND i.indisprimary)
                AND EXISTS (SELECT FROM pg_catalog.pg_class t, pg_catalog.pg_options_to_table(t.reloptions)
                            WHERE t.oid = x."table" AND option_name = 'fillfactor')
                AND EXISTS (SELECT FROM pg_catalog.pg_attribute s WHERE s.attrelid = x."table" AND s.attname = 'updated_at')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute s WHERE s.attrelid = x."table" AND s.attnum > 0 AND NOT s.attisdropped
                    AND (s.attname <> 'updated_at' OR NOT s.attnotnull OR NOT s.atthasdef)
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute c WHERE c.attrelid = x.view AND c.attnum = s.attnum))),
        reads AS (
            SELECT c.view, c.view AS relation FROM complete c
            UNION SELECT r.view, d.refobjid FROM reads r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.relation
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass),
        triggered AS (
            SELECT DISTINCT c."table", c.view FROM complete c JOIN reads r ON r.view = c.view
            JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.relation AND g.tgfoid = '{0}.pg_tviews_capture'::pg_catalog.regproc
            WHERE NOT EXISTS (SELECT FROM {0}.pg_tview_meta m WHERE r.relation = ANY (m.dependencies)))
        SELECT DISTINCT ON ("table") "table", view, source
        FROM (TABLE known UNION ALL SELECT "table", view, 3 FROM named WHERE lives UNION ALL SELECT "table", view, 4 FROM triggered) AS p
        WHERE $1 IS NULL OR "table" = $1 ORDER BY "table", source, view)";
    std::vector<Pair> pairs;
    pg::execute(fmt::format(sql, *catalog::extension_schema()), {OIDOID},
                {{ObjectIdGetDatum(table.value_or(InvalidOid))}, {table ? ' ' : 'n'}}, [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    pairs.push_back({DatumGetObjectId(slot->tts_values[0]), DatumGetObjectId(slot->tts_values[1]),
                                     static_cast<Evidence>(DatumGetInt32(slot->tts_values[2]))});
                });
    return pairs;
}

// The query's columns: those at the front of the view that the table has too.  updated_at with a default is the extension's own, behind
// the last of them; without it, the query must output one.
void read_columns(Remains &found)
{
    constexpr const char *sql = R"(
        SELECT s.attname, s.attname = c.attname AND s.atttypid = c.atttypid, s.attname = 'updated_at' AND s.attnotnull AND s.atthasdef
        FROM pg_catalog.pg_attribute s LEFT JOIN pg_catalog.pg_attribute c ON c.attrelid = $2 AND c.attnum = s.attnum
        WHERE s.attrelid = $1 AND s.attnum > 0 ORDER BY s.attnum)";
    catalog::Tview &tview = found.row.tview;
    bool all = true, front = true;
    tview.stamps = false;
    pg::execute(sql, {OIDOID, OIDOID}, {{ObjectIdGetDatum(tview.table), ObjectIdGetDatum(tview.view)}, {}}, [&](TupleTableSlot *slot) {
        bool same = pg::text_column(slot, 2) == "t", stamp = pg::text_column(slot, 3) == "t";
        if (stamp && front) {
            tview.stamps = true;
            all = front = false;
        }
        if (front && same)
            tview.columns.push_back(*pg::text_column(slot, 1));
        else if (front)
            front = false;
    });
    bool own = std::find(tview.columns.begin(), tview.columns.end(), "updated_at") != tview.columns.end();
    if (tview.columns.empty() || (all && !own))
        found.unfit = "its table does not have the columns of its view";
    std::copy_if(tview.columns.begin(), tview.columns.end(), std::back_inserter(found.row.fk_columns), is_reference);
}

void read_key(Remains &found)
{
    constexpr const char *sql = R"(
        SELECT a.attname
        FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (number, n), pg_catalog.pg_attribute a
        WHERE i.indrelid = $1 AND i.indisprimary AND k.n <= i.indnkeyatts AND a.attrelid = i.indrelid AND a.attnum = k.number ORDER BY k.n)";
    catalog::Tview &tview = found.row.tview;
    pg::execute(sql, {OIDOID}, {{ObjectIdGetDatum(tview.table)}, {}},
                [&](TupleTableSlot *slot) { tview.key.push_back(*pg::text_column(slot, 1)); });
    bool in_query = std::all_of(tview.key.begin(), tview.key.end(), [&](const std::string &column) {
        return std::find(tview.columns.begin(), tview.columns.end(), column) != tview.columns.end();
    });
    if (found.unfit.empty() && (tview.key.empty() || !in_query))
        found.unfit = "its table has no primary key over columns of its query";
}

Remains describe(const Pair &pair)
{
    Remains found;
    catalog::Tview &tview = found.row.tview;
    tview.table = pair.table;
    tview.view = pair.view;
    found.by_triggers = pair.evidence == Evidence::triggers;
    struct Names {
        const char *schema, *table;
    };
    Names names = pg::call([&] {
        return Names{get_namespace_name(get_rel_namespace(pair.table)), get_rel_name(pair.table)};
    });
    tview.schema = names.schema;
    found.name = analyze::qualified_relation_name(pair.table);
    auto entity = entity_of(names.table);
    tview.entity = entity.value_or(names.table);
    if (!entity)
        found.unfit = "its name does not begin with tv_";
    found.row.definition = analyze::view_text(pair.view);
    read_columns(found);
    read_key(found);
    return found;
}

// What the audit log has of the TVIEW since its creation, whatever it was called since.
struct History {
    bool created = false;
    std::optional<std::string> refresh_mode;
    std::optional<std::string> options, settings;     // jsonb text
    std::string created_at, created_by;
    bool suspended = false;
};

History read_history(const std::string &name)
{
    const std::string log = *catalog::extension_schema() + ".pg_tview_audit_log";
    const std::string about = fmt::format(" FROM {} WHERE log_id < $2 AND details ->> 'table' = $1 AND ", log);
    History history;
    std::optional<bool> suspended;
    std::optional<std::string> refresh_mode;
    std::string called = name;
    for (std::int64_t before = PG_INT64_MAX; !history.created;) {
        auto parameters = [&] { return pg::Parameters{{pg::text_datum(called), Int64GetDatum(before)}, {}}; };
        const std::vector<Oid> types{TEXTOID, INT8OID};
        Texts named = first_row("SELECT log_id, details ->> 'was', operation = 'CREATE', details -> 'options', details -> 'settings', "
                                "performed_at, performed_by" + about +
                                "(operation = 'CREATE' OR (operation = 'ALTER' AND details ? 'was')) ORDER BY log_id DESC LIMIT 1",
                                types, parameters(), 7);
        Texts state = first_row("SELECT operation = 'SUSPEND', log_id" + about +
                                "operation IN ('CREATE', 'SUSPEND', 'RESUME') ORDER BY log_id DESC LIMIT 1", types, parameters(), 2);
        if (!refresh_mode) {
            Texts mode = first_row("SELECT details ->> 'refresh_mode'" + about + "operation = 'ALTER' AND details ? 'refresh_mode' AND log_id > "
                                   "coalesce((SELECT max(log_id)" + about + "operation = 'CREATE'), 0) ORDER BY log_id DESC LIMIT 1",
                                   types, parameters(), 1);
            refresh_mode = mode.empty() ? std::nullopt : mode[0];
        }
        std::int64_t since = named.empty() ? 0 : std::stoll(*named[0]);
        if (!suspended && !state.empty() && std::stoll(*state[1]) >= since)
            suspended = *state[0] == "t";
        if (named.empty())
            break;
        before = since;
        if (named[2] == "t") {
            history = {true, std::nullopt, named[3], named[4], named[5].value_or(""), named[6].value_or(""), false};
        } else {
            called = named[1].value_or("");
        }
    }
    history.suspended = suspended.value_or(false);
    history.refresh_mode = refresh_mode;
    return history;
}

// Options as table and indexes show them.
std::string visible_options(const Remains &found)
{
    constexpr const char *sql = R"(
        SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            'key', CASE WHEN $2 NOT IN ('{}', ARRAY['pk_' || $3]) THEN $2 END,
            'fillfactor', (SELECT option_value::integer FROM pg_catalog.pg_options_to_table(c.reloptions)
                           WHERE option_name = 'fillfactor' AND option_value <> $4),
            'data_index', (SELECT true FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                           JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'gin'
                           JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'data' AND i.indkey[0] = a.attnum
                           WHERE i.indrelid = c.oid LIMIT 1))) FROM pg_catalog.pg_class c WHERE c.oid = $1)";
    const catalog::Tview &tview = found.row.tview;
    Texts row = first_row(sql, {OIDOID, TEXTARRAYOID, TEXTOID, TEXTOID},
                          {{ObjectIdGetDatum(tview.table), pg::text_array_datum(tview.key), pg::text_datum(tview.entity),
                            pg::text_datum(std::to_string(default_fillfactor))}, {}}, 1);
    return row.empty() ? "{}" : row[0].value_or("{}");
}

catalog::PinnedSettings parse_settings(const std::string &json)
{
    catalog::PinnedSettings settings;
    pg::execute("SELECT key, value FROM pg_catalog.jsonb_each_text($1::pg_catalog.jsonb)", {TEXTOID}, {{pg::text_datum(json)}, {}},
                [&](TupleTableSlot *slot) { settings.emplace_back(*pg::text_column(slot, 1), pg::text_column(slot, 2).value_or("")); });
    return settings;
}

// The text as PostgreSQL would write it here and now; nothing if it is not one statement that can be understood.
std::optional<std::string> spelt_now(const std::string &text)
{
    std::string spelt;
    ErrorData *failure = pg::attempt([&] {
        analyze::QualifiedNames names;
        Query *query = pg::call([&] {
            List *statements = pg_parse_query(text.c_str());
            return list_length(statements) != 1
                       ? nullptr : parse_analyze_fixedparams(linitial_node(RawStmt, statements), text.c_str(), nullptr, 0, nullptr);
        });
        spelt = query == nullptr ? "" : analyze::query_text(query);
    });
    return failure == nullptr ? std::optional(spelt) : std::nullopt;
}

// Whether the row's text means the view's query: how that is spelt depends on the session's settings, and on what has happened to its
// tables since.
bool means(const std::string &text, const std::string &definition)
{
    return text == definition || spelt_now(text) == spelt_now(definition);
}

// The tables that the row should name, if it is sound otherwise and its query can be analysed.
bool names_dependencies(const Remains &found)
{
    bool same = true;
    pg::attempt([&] {
        auto compiled = catalog::compiled(found.row.tview.table);
        std::set<Oid> read, named(compiled->tview.dependencies.begin(), compiled->tview.dependencies.end());
        for (const model::Occurrence &occurrence : compiled->analysis.occurrences)
            read.insert(occurrence.relation);
        same = read == named;
    });
    return same;
}

// As its row has it, if that can be read; else as the audit log does, or as it was created.
catalog::RefreshMode refresh_mode_of(const Remains &found, const History &history)
{
    // By way of JSON: the SQL objects may be of the version before.
    Texts row = first_row(fmt::format("SELECT pg_catalog.to_jsonb(m) ->> 'refresh_mode' FROM {}.pg_tview_meta m WHERE \"table\" = $1", *catalog::extension_schema()),
                          {OIDOID}, {{ObjectIdGetDatum(found.row.tview.table)}, {}}, 1);
    Texts created = first_row("SELECT $1::pg_catalog.jsonb ->> 'refresh_mode'", {TEXTOID}, {{pg::text_datum(found.row.options)}, {}}, 1);
    for (const auto &mode : {row.empty() ? std::nullopt : row[0], history.refresh_mode, created.empty() ? std::nullopt : created[0]})
        if (mode)
            return catalog::refresh_mode(*mode);
    return catalog::RefreshMode::transactional;
}

// Compares the row with what it should be, and takes from it, or from the audit log, what cannot be known otherwise.
void compare_row(Remains &found)
{
    constexpr const char *sql = R"(
        SELECT m.definition, m.options, m.settings, m.entity <> $2, m.schema <> $3, m.view <> $4, m.key_columns <> $5, m.columns <> $6,
            m.fk_columns <> $7, m.stamps <> $8, m.protocol <> $9, (m.reads IS NULL) = (m.options ? 'reads'),
            pg_catalog.jsonb_typeof(m.options) <> 'object' OR m.options <> $10::pg_catalog.jsonb,
            pg_catalog.jsonb_typeof(m.settings) <> 'object' OR NOT m.settings ?& '{{search_path,TimeZone}}'
                OR EXISTS (SELECT FROM pg_catalog.jsonb_each(
                               CASE pg_catalog.jsonb_typeof(m.settings) WHEN 'object' THEN m.settings ELSE '{{}}' END)
                           WHERE pg_catalog.jsonb_typeof(value) <> 'string')
                OR m.settings <> $11::pg_catalog.jsonb
        FROM {0}.pg_tview_meta m WHERE m."table" = $1)";
    constexpr const char *columns[] = {"entity", "schema", "view", "key_columns", "columns", "fk_columns", "stamps", "protocol", "reads",
                                       "options", "settings"};
    const catalog::Tview &tview = found.row.tview;
    History history = read_history(found.name);
    found.created_at = history.created_at;
    found.created_by = history.created_by;
    found.forgotten = history.suspended && !catalog::marks_of(tview.table).any();
    Texts row = first_row(fmt::format(fmt::runtime(sql), *catalog::extension_schema()),
                          {OIDOID, TEXTOID, TEXTOID, OIDOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, BOOLOID, INT4OID, TEXTOID, TEXTOID},
                          {{ObjectIdGetDatum(tview.table), pg::text_datum(tview.entity), pg::text_datum(tview.schema),
                            ObjectIdGetDatum(tview.view), pg::text_array_datum(tview.key), pg::text_array_datum(tview.columns),
                            pg::text_array_datum(found.row.fk_columns), BoolGetDatum(tview.stamps), Int32GetDatum(catalog::protocol_version),
                            pg::text_datum(history.options.value_or("")), pg::text_datum(history.settings.value_or(""))},
                           {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', history.options ? ' ' : 'n', history.settings ? ' ' : 'n'}}, 14);
    found.has_row = !row.empty();
    bool options = found.has_row, settings = found.has_row;
    if (found.has_row) {
        for (std::size_t i = 0; i < std::size(columns); ++i)
            if (row[i + 3] == "t")
                found.damaged.emplace_back(columns[i]);
        options = row[12] != "t";
        settings = row[13] != "t";
        if (!means(row[0].value_or(""), found.row.definition))
            found.damaged.emplace_back("definition");
        if (found.damaged.empty() && !names_dependencies(found))
            found.damaged.emplace_back("dependencies");
    }
    found.options_guessed = !options && !history.options;
    found.settings_guessed = !settings && !history.settings;
    found.row.options = options ? *row[1] : history.options ? *history.options : visible_options(found);
    found.row.tview.settings = settings ? parse_settings(*row[2])
                               : history.settings ? parse_settings(*history.settings)
                                                  : catalog::current_pinned_settings();
    found.row.tview.mode = refresh_mode_of(found, history);
}

}  // namespace

std::string Remains::problem() const
{
    std::string text;
    if (!has_row) {
        text = "pg_tview_meta has no row for it, so it is not maintained";
    } else if (!damaged.empty()) {
        for (const std::string &column : damaged)
            text += (text.empty() ? "" : ", ") + column;
        text = "its row in pg_tview_meta is damaged: " + text;
    }
    if (!unfit.empty())
        text += (text.empty() ? "" : "; ") + unfit;
    if (forgotten)
        text += std::string(text.empty() ? "" : "; ") + "the audit log says that it is suspended, pg_tview_state does not";
    return text;
}

std::vector<Remains> find_remains(std::optional<Oid> table)
{
    std::vector<Remains> all;
    for (const Pair &pair : find_pairs(table)) {
        all.push_back(describe(pair));
        compare_row(all.back());
    }
    return all;
}

}  // namespace tviews::ddl
