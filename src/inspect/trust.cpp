// Tools of trust: comparing a TVIEW with its query (pg_tviews_verify), repairing it (pg_tviews_refresh), and flushing on
// request (pg_tviews_flush).
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>

#include "analyze/analyze.hpp"
#include "analyze/undetermined.hpp"
#include "catalog/audit.hpp"
#include "catalog/meta.hpp"
#include "catalog/verified.hpp"
#include "inspect/modulo_order.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"
#include "queue/flush_points.hpp"
#include "refresh/deferred.hpp"
#include "refresh/flush.hpp"
#include "refresh/identity.hpp"
#include "stats/progress.hpp"

namespace tviews::inspect {

namespace {

void check_readable(const catalog::Compiled &tview)
{
    Oid table = tview.tview.table;
    bool allowed = pg::call([&] {
        return pg_class_ownercheck(table, GetUserId()) || pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
    });
    if (!allowed)
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, fmt::format("permission denied for TVIEW {}", tview.name()),
                   "Verifying a TVIEW needs SELECT on it."});
}

bool has_equality(Oid type)
{
    return pg::call([&] { return OidIsValid(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr); });
}

// What a query leaves open, as verify() needs it.
struct OpenParts {
    plan::OpenColumns columns;
    bool rows = false;
};

OpenParts open_parts(const catalog::Compiled &tview)
{
    analyze::Undetermined open = analyze::find_undetermined(analyze::stored_query(tview.tview.view), catalog::environment_of(tview.tview));
    OpenParts parts{{}, open.rows};
    // A redefined view may have columns behind those of the TVIEW.
    for (std::size_t i = 0; i < std::min(open.columns.size(), tview.tview.columns.size()); ++i) {
        bool key = std::find(tview.tview.key.begin(), tview.tview.key.end(), tview.tview.columns[i]) != tview.tview.key.end();
        auto column = static_cast<int>(i);
        parts.rows |= key && open.columns[i] > analyze::Open::image;
        if (open.columns[i] == analyze::Open::image && has_equality(tview.column_types[i]))
            parts.columns.image.push_back(column);
        else if (open.columns[i] == analyze::Open::order)
            parts.columns.order.push_back(column);
        else if (open.columns[i] != analyze::Open::no)
            parts.columns.any.push_back(column);
    }
    return parts;
}

bool is_true(TupleTableSlot *slot, int column)
{
    return DatumGetBool(slot->tts_values[column]);
}

bool same_without_order(Datum one, Datum other)
{
    struct Documents {
        Datum *values;
        bool *nulls;
        int count;
    };
    auto open = [](Datum array) {
        return pg::call([&] {
            Documents found;
            deconstruct_array(DatumGetArrayTypeP(array), JSONBOID, -1, false, TYPALIGN_INT, &found.values, &found.nulls,
                              &found.count);
            return found;
        });
    };
    Documents left = open(one), right = open(other);
    for (int i = 0; i < left.count; ++i)
        if (left.nulls[i] != right.nulls[i] ||
            (!left.nulls[i] && without_order(left.values[i]) != without_order(right.values[i])))
            return false;
    return true;
}

// How a row of plan::verify() differs; null if it does not, or only where several answers are right and this is one of them.
const char *difference(TupleTableSlot *slot, const OpenParts &open)
{
    switch (DatumGetChar(slot->tts_values[0])) {
    case 's':
        return nullptr;
    case 'i':
        return open.rows ? "undetermined" : "missing";
    case 'd':
        return open.rows ? "undetermined" : "extra";
    default:
        break;
    }
    if (open.columns.empty())
        return "stale";
    bool fixed = is_true(slot, 3), any = is_true(slot, 4);
    if (!fixed || !same_without_order(slot->tts_values[5], slot->tts_values[6]))
        return open.rows ? "undetermined" : "stale";
    return any ? nullptr : "undetermined";
}

// Of what is queued documents may differ, by the snapshot that has just been compared.
bool is_explained(const catalog::Compiled &tview)
{
    if (!is_queued(tview.tview.mode) || !refresh::may_differ(tview.tview.table))
        return false;
    pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION, fmt::format("changes are queued for TVIEW {}", tview.name()),
                      fmt::format("Its refresh mode is {}; until they are applied its documents may differ from its query.",
                                  name_of(tview.tview.mode)),
                      fmt::format("Apply them first: SELECT pg_tviews_apply('{}').", tview.name())});
    return true;
}

// Emits a row for each document that differs; returns how many, nothing if that is as it should be.
std::optional<std::uint64_t> verify(catalog::Compiled &tview, double sample, pg::ResultSet &result)
{
    check_readable(tview);
    stats::Progress progress("verify", tview.name());
    progress.phase("comparing", static_cast<std::uint64_t>(sample * static_cast<double>(stats::estimated_rows(tview.tview.table))));
    pg::SpiSession session;
    refresh::PinnedSettingsScope settings(tview.settings);
    refresh::RoleScope role(tview.owner, refresh::Security::restricted);
    refresh::SnapshotScope snapshot(refresh::Moment::read);
    bool sampled = sample < 1.0;
    std::uint64_t differences = 0;
    OpenParts open = open_parts(tview);
    pg::Statement statement(plan::verify(tview.relations, tview.analysis.key, open.columns, sampled),
                            sampled ? std::vector<Oid>{FLOAT8OID, INT8OID} : std::vector<Oid>{});
    pg::Parameters parameters;
    if (sampled)
        parameters.values = {Float8GetDatum(sample), Int64GetDatum(std::rand())};
    statement.query(parameters, false, [&](TupleTableSlot *slot) {
        progress.advance();
        pg::call([&] { slot_getallattrs(slot); });
        const char *found = difference(slot, open);
        if (found == nullptr)
            return;
        Datum text = pg::call([&] { return CStringGetTextDatum(found); });
        Datum values[3] = {ObjectIdGetDatum(tview.tview.table), slot->tts_values[2], text};
        bool nulls[3] = {false, slot->tts_isnull[2], false};
        result.add(values, nulls);
        differences += std::strcmp(found, "undetermined") != 0;
    });
    if (differences != 0 && is_explained(tview))
        return std::nullopt;
    return differences;
}

void refresh_one(catalog::Compiled &tview, pg::ResultSet &result)
{
    check_owner(tview, "refresh");
    stats::Progress progress("refresh", tview.name());
    progress.phase("comparing", stats::estimated_rows(tview.tview.table));
    refresh::Written written = is_queued(tview.tview.mode) ? refresh::apply(tview.tview.table, true)
                                                           : refresh::refresh_all(tview.tview.table);
    catalog::note_repaired(tview.tview.table);
    pg::SpiSession session;
    catalog::Details details;
    details.add("table", tview.name()).add("inserted", written.inserted).add("updated", written.updated);
    catalog::audit("REFRESH", tview.tview.entity, details.add("deleted", written.deleted));
    Datum values[4] = {ObjectIdGetDatum(tview.tview.table), Int64GetDatum(static_cast<int64>(written.inserted)),
                       Int64GetDatum(static_cast<int64>(written.updated)),
                       Int64GetDatum(static_cast<int64>(written.deleted))};
    bool nulls[4] = {};
    result.add(values, nulls);
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_verify)
{
    using namespace tviews;
    double sample = PG_ARGISNULL(1) ? 1.0 : PG_GETARG_FLOAT8(1);
    if (!(sample >= 0 && sample <= 1))
        pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "sample must be between 0 and 1"});
    pg::ResultSet result(fcinfo);
    queue::flush_now();
    std::vector<catalog::Verified> results;
    for (const auto &tview : inspect::named_tviews(fcinfo, 0))
        if (auto differences = inspect::verify(*tview, sample, result))
            results.push_back({tview->tview.table, *differences});
    catalog::note_verified(results, sample);
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_refresh)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    queue::flush_now();
    for (const auto &tview : inspect::named_tviews(fcinfo, 0))
        inspect::refresh_one(*tview, result);
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_flush)
{
    return Int64GetDatum(static_cast<int64>(tviews::queue::flush_now()));
}
