// Tools of trust: comparing a TVIEW with its query (pg_tviews_verify), repairing it (pg_tviews_refresh), and flushing on
// request (pg_tviews_flush).
#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>

#include "catalog/audit.hpp"
#include "catalog/meta.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"
#include "queue/flush_points.hpp"
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

const char *difference(char action)
{
    return action == 'i' ? "missing" : action == 'd' ? "extra" : "stale";
}

// Emits a row for each document that differs.
void verify(catalog::Compiled &tview, double sample, pg::ResultSet &result)
{
    check_readable(tview);
    stats::Progress progress("verify", tview.name());
    progress.phase("comparing", static_cast<std::uint64_t>(sample * static_cast<double>(stats::estimated_rows(tview.tview.table))));
    pg::SpiSession session;
    refresh::PinnedSettingsScope settings(tview.tview.settings);
    refresh::RoleScope role(tview.owner, refresh::Security::restricted);
    refresh::SnapshotScope snapshot(refresh::Moment::read);
    bool sampled = sample < 1.0;
    pg::Statement statement(plan::verify(tview.relations, tview.analysis.key, sampled),
                            sampled ? std::vector<Oid>{FLOAT8OID, INT8OID} : std::vector<Oid>{});
    pg::Parameters parameters;
    if (sampled)
        parameters.values = {Float8GetDatum(sample), Int64GetDatum(std::rand())};
    statement.query(parameters, false, [&](TupleTableSlot *slot) {
        progress.advance();
        pg::call([&] { slot_getallattrs(slot); });
        char action = DatumGetChar(slot->tts_values[0]);
        if (action == 's')
            return;
        Datum text = pg::call([&] { return CStringGetTextDatum(difference(action)); });
        Datum values[3] = {ObjectIdGetDatum(tview.tview.table), slot->tts_values[2], text};
        bool nulls[3] = {false, slot->tts_isnull[2], false};
        result.add(values, nulls);
    });
}

void refresh_one(catalog::Compiled &tview, pg::ResultSet &result)
{
    check_owner(tview, "refresh");
    stats::Progress progress("refresh", tview.name());
    progress.phase("comparing", stats::estimated_rows(tview.tview.table));
    refresh::Written written = refresh::refresh_all(tview.tview.table);
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
    for (const auto &tview : inspect::named_tviews(fcinfo, 0))
        inspect::verify(*tview, sample, result);
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
