// pg_tviews_impact(): how many documents a change of some rows would touch.
//
// The rows are read as the caller and walked as a flush would walk them, but without locks and with nothing rebuilt or written; then
// the documents found are rows of a TVIEW, from which the walk goes on to the TVIEWs over it.
#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <numeric>

#include "analyze/names.hpp"
#include "catalog/meta.hpp"
#include "catalog/settings.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/row_parameters.hpp"
#include "plan/identifier.hpp"
#include "queue/flush_points.hpp"
#include "refresh/identity.hpp"
#include "refresh/walk.hpp"

namespace tviews::inspect {

namespace {

using refresh::Keys;

// Rows of one relation: what follows FROM, with the keys it takes as parameters, if any.
struct Source {
    Oid relation;
    std::string alias;
    std::string from;
    std::shared_ptr<pg::RowSet> keys;
    Oid reader = InvalidOid;      // role to read it as; none: the caller
};

// Runs a query over a source's rows.
void read(const Source &source, const std::string &select_list, const std::string &rest, const pg::RowCallback &on_row)
{
    Oid caller = pg::call(GetUserId);
    refresh::RoleScope role(OidIsValid(source.reader) ? source.reader : caller, refresh::Security::restricted);
    std::string sql = fmt::format("SELECT {} FROM {}{}", select_list, source.from, rest);
    std::vector<Oid> types = source.keys ? pg::array_types(*source.keys) : std::vector<Oid>{};
    pg::execute(sql, types, source.keys ? pg::as_arrays(*source.keys) : pg::Parameters{}, on_row, true);
}

[[noreturn]] void refuse_condition()
{
    pg::raise({ERRCODE_SYNTAX_ERROR, "the argument \"where\" is not a condition", "",
               "Give what could stand after WHERE in a query of this table alone."});
}

// The caller's text could say more than a condition: another SELECT by UNION, or another statement.
void check_columns(TupleDesc desc, const std::vector<Oid> &types, std::size_t count)
{
    bool same = desc->natts == static_cast<int>(count);
    for (std::size_t i = 0; same && i < count; ++i)
        same = TupleDescAttr(desc, i)->atttypid == types[i];
    if (!same)
        refuse_condition();
}

void check_single(const Source &source)
{
    std::string sql = "SELECT FROM " + source.from;
    if (pg::call([&] { return list_length(raw_parser(sql.c_str(), RAW_PARSE_DEFAULT)); }) != 1)
        refuse_condition();
}

class Impact {
public:
    Impact(Oid table, const std::string &where, pg::ResultSet &result) : result_(result)
    {
        Source rows{table, alias(table), "", nullptr, reader(table, where)};
        rows.from = fmt::format("{} AS {} WHERE ({}\n)", analyze::qualified_relation_name(table), rows.alias, where);
        check_single(rows);
        add_source(std::move(rows));
    }

    void look_at(catalog::Compiled &tview)
    {
        bool reads = false, everything = false;
        std::map<queue::Slot, queue::Seeds> seeds;
        for (const Source &source : sources_)
            for (const catalog::CaptureTarget &target : *catalog::capture_targets(source.relation)) {
                if (target.tview != tview.tview.table)
                    continue;
                reads = true;
                everything |= target.everything ? exists(source) : !collect(tview, source, target, seeds);
            }
        if (!reads)
            return;
        check_access(tview);
        emit(tview, everything, documents(tview, everything, seeds));
    }

private:
    static std::string alias(Oid relation)
    {
        return pg::call([&]() -> const char * { return quote_identifier(get_rel_name(relation)); });
    }

    void add_source(Source source) { sources_.push_back(std::move(source)); }

    // The caller; but for a member of pg_monitor, who may count what a change of all rows would touch, the owner of a table that the
    // caller may not read.
    static Oid reader(Oid table, const std::string &where)
    {
        return pg::call([&]() -> Oid {
            bool readable = pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
                            pg_namespace_aclcheck(get_rel_namespace(table), GetUserId(), ACL_USAGE) == ACLCHECK_OK;
            return readable || where != "true" || !is_monitor() ? InvalidOid : catalog::owner_of(table);
        });
    }

    static void check_access(const catalog::Compiled &tview)
    {
        bool allowed = pg::call([&] {
            return pg_class_aclcheck(tview.tview.table, GetUserId(), ACL_SELECT) == ACLCHECK_OK || is_monitor();
        });
        if (!allowed)
            pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, fmt::format("permission denied for TVIEW {}", tview.name()),
                       "Counting its documents needs SELECT on it, or membership in pg_monitor."});
    }

    static bool exists(const Source &source)
    {
        bool found = false;
        read(source, "true", " LIMIT 1", [&](TupleTableSlot *) { found = true; });
        return found;
    }

    // The seeds that changing these rows would leave.  Returns false if they are too many to be walked.
    static bool collect(const catalog::Compiled &tview, const Source &source, const catalog::CaptureTarget &target,
                        std::map<queue::Slot, queue::Seeds> &seeds)
    {
        const model::Occurrence &occurrence = tview.analysis.occurrences[target.occurrence];
        queue::Slot slot{target.tview, target.occurrence};
        auto known = seeds.find(slot);
        if (known == seeds.end())
            known = seeds.emplace(slot, queue::Seeds{pg::RowSet(target.seed_types), target.layout, false, {}}).first;
        pg::RowSet &rows = known->second.rows;
        std::string columns;
        for (model::AttributeNumber number : target.layout)
            columns += (columns.empty() ? "" : ", ") + plan::column_of(occurrence, number, source.alias);
        std::vector<Datum> values(rows.width() + 1);
        auto nulls = std::make_unique<bool[]>(rows.width() + 1);
        std::size_t width = target.layout.size();
        read(source, columns, "", [&](TupleTableSlot *slot) {
            check_columns(slot->tts_tupleDescriptor, target.seed_types, width);
            pg::call([&] { slot_getallattrs(slot); });
            std::copy_n(slot->tts_values, width, values.begin());
            std::copy_n(slot->tts_isnull, width, nulls.get());
            values[width] = BoolGetDatum(false);      // the mark `moved`, which only locks read
            rows.add(values.data(), nulls.get());
        });
        return rows.bytes() <= catalog::seed_memory();
    }

    // Counts the documents, and makes them a source for the TVIEWs that read this one.
    std::int64_t documents(catalog::Compiled &tview, bool &everything, const std::map<queue::Slot, queue::Seeds> &seeds)
    {
        refresh::SeedList list;
        for (const auto &[slot, rows] : seeds)
            if (!rows.rows.empty())
                list.emplace_back(slot, &rows);
        everything = everything || refresh::cannot_walk(tview, list);
        refresh::PinnedSettingsScope settings(tview.settings);
        refresh::FlushLocks none;
        Keys keys;
        if (!everything)
            keys = refresh::walk(tview, list, none, refresh::Moment::read).keys;
        everything = everything || keys.everything;
        Source found{tview.tview.table, alias(tview.tview.table), "", nullptr, tview.owner};
        std::string table = fmt::format("{} AS {}", tview.relations.table, found.alias);
        if (everything) {
            found.from = table;
            std::int64_t count = 0;
            read(found, "pg_catalog.count(*)", "", [&](TupleTableSlot *slot) {
                pg::call([&] { slot_getallattrs(slot); });
                count = DatumGetInt64(slot->tts_values[0]);
            });
            add_source(std::move(found));
            return count;
        }
        found.keys = std::make_shared<pg::RowSet>(stored_keys(tview, keys));
        found.from = table + join(tview, all_columns(tview), found.alias);
        std::int64_t count = static_cast<std::int64_t>(found.keys->size());
        if (count > 0)
            add_source(std::move(found));
        return count;
    }

    static std::vector<int> all_columns(const catalog::Compiled &tview)
    {
        std::vector<int> all(tview.analysis.key.size());
        std::iota(all.begin(), all.end(), 0);
        return all;
    }

    // Joins the TVIEW with keys that come as one array per column of `part`.
    static std::string join(const catalog::Compiled &tview, const std::vector<int> &part, const std::string &alias)
    {
        std::string list, conditions;
        for (std::size_t i = 0; i < part.size(); ++i) {
            const model::KeyColumn &column = tview.analysis.key[static_cast<std::size_t>(part[i])];
            list += fmt::format("{}{} AS c{}", i ? ", " : "", column.type.unnested(i + 1), i + 1);
            conditions += fmt::format("{}{}.{} {} \"?\".c{}", i ? " AND " : "", alias, plan::quote_name(column.name),
                                      column.equals, i + 1);
        }
        return fmt::format(" JOIN (SELECT {}) AS \"?\" ON {}", list, conditions);
    }

    // The whole keys of the stored documents with these parts of a key.
    static pg::RowSet stored_keys(const catalog::Compiled &tview, const Keys &keys)
    {
        std::vector<Oid> types;
        std::string columns, name = alias(tview.tview.table);
        for (const model::KeyColumn &column : tview.analysis.key) {
            types.push_back(column.type.id);
            columns += (columns.empty() ? "" : ", ") + name + "." + plan::quote_name(column.name);
        }
        pg::RowSet stored(types);
        for (const auto &[part, rows] : keys.parts) {
            Source source{tview.tview.table, name, tview.relations.table + " AS " + name + join(tview, part, name),
                          std::make_shared<pg::RowSet>(rows.types(pg::first_columns(rows.width()))), tview.owner};
            source.keys->add(rows, pg::first_columns(rows.width()));
            if (rows.empty())
                continue;
            read(source, columns, "", [&](TupleTableSlot *slot) {
                pg::call([&] { slot_getallattrs(slot); });
                stored.add(slot->tts_values, slot->tts_isnull);
            });
        }
        return stored;
    }

    void emit(const catalog::Compiled &tview, bool everything, std::int64_t count)
    {
        Datum values[3] = {ObjectIdGetDatum(tview.tview.table), Int64GetDatum(count), BoolGetDatum(everything)};
        bool nulls[3] = {};
        result_.add(values, nulls);
    }

    std::vector<Source> sources_;
    pg::ResultSet &result_;
};

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_impact)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    queue::flush_now();
    Oid table = inspect::named_relation(pg::call([&] { return PG_GETARG_TEXT_PP(0); }));
    std::string where = pg::call([&]() -> const char * { return text_to_cstring(PG_GETARG_TEXT_PP(1)); });
    auto tviews = inspect::all_tviews();
    pg::SpiSession session;
    inspect::Impact impact(table, where, result);
    for (const auto &tview : tviews)
        impact.look_at(*tview);
    return Datum(0);
}
