// The statistics as SQL shows them: pg_tviews_performance_summary, pg_tviews_queue_realtime, pg_tviews_cache_stats,
// pg_tviews_progress, pg_tviews_stats_info(), pg_tviews_stats_reset().  Not here: pg_tviews_metrics() (metrics.cpp).
//
// Counters of TVIEWs are everybody's to read, as in pg_stat_user_tables.  What a session of another role is doing is shown as in
// pg_stat_activity: that there is one, and the rest only with the privileges of pg_read_all_stats or of that role.
#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "catalog/meta.hpp"
#include "inspect/named.hpp"
#include "inspect/row.hpp"
#include "pg/entry.hpp"
#include "stats/sessions.hpp"
#include "stats/store.hpp"

namespace tviews::inspect {

namespace {

double milliseconds(std::uint64_t microseconds)
{
    return static_cast<double>(microseconds) / 1000;
}

bool may_see(const stats::Session &session)
{
    return pg::call([&] {
        return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) || has_privs_of_role(GetUserId(), session.role);
    });
}

std::string session_id(const stats::Session &session)
{
    return fmt::format("{:x}.{:x}", session.started, session.pid);
}

// What is not known of a TVIEW that found no place: all of it.
void add_counters(Row &row, const stats::Counters &c)
{
    for (std::uint64_t count : {c.refreshes, c.inserted + c.updated + c.deleted + c.unchanged, c.inserted + c.updated, c.inserted,
                                c.updated, c.unchanged, c.deleted, c.seeds, c.pruned, c.everything, c.lock_waits})
        row.add(count);
    row.add(milliseconds(c.lock_wait_time)).add(c.errors).add(milliseconds(c.time));
    std::uint64_t timed = c.refreshes - c.errors;
    if (timed == 0) {
        row.add_nulls(5);
    } else {
        row.add(milliseconds(c.time) / static_cast<double>(timed));
        for (double fraction : {0.5, 0.95, 0.99})     // the middle of a bucket may lie past the longest
            row.add(std::min(c.times.quantile(fraction), static_cast<double>(c.longest)) / 1000);
        row.add(milliseconds(c.longest));
    }
    row.add_time(c.last_refresh);
    std::uint64_t both = c.time + c.write_time;
    if (both == 0)
        row.add_nulls(1);
    else
        row.add(static_cast<double>(c.time) / static_cast<double>(both));
}

void add_summary(Row &row, const catalog::Tview &tview)
{
    stats::Counters counters;
    stats::Found found = stats::read(tview.table, counters);
    row.add(tview.schema).add(tview.entity).add_relation(tview.table);
    if (found == stats::Found::untracked)
        row.add_nulls(21);
    else
        add_counters(row, counters);
    row.add_time(found == stats::Found::yes ? counters.since : found == stats::Found::none ? stats::store_info().since : 0);
    row.add(stats::is_shared() ? "server" : "session");
}

// The entities of TVIEWs; of one that only its creator can see, the OID.
std::vector<std::string> entities(const stats::Pending &pending)
{
    std::vector<std::string> names;
    for (int i = 0; i < std::min(pending.tviews, stats::most_shown); ++i) {
        auto tview = catalog::find_tview(pending.shown[i]);
        names.push_back(tview ? tview->entity : std::to_string(pending.shown[i]));
    }
    if (pending.tviews > stats::most_shown)
        names.emplace_back("...");
    return names;
}

void add_pending(Row &row, const stats::Session &session)
{
    const stats::Pending &pending = session.pending;
    row.add(session_id(session)).add(session.pid);
    if (!may_see(session)) {
        row.add_nulls(4);
        return;
    }
    row.add(pending.transaction).add(pending.rows).add(entities(pending)).add_time(pending.last);
}

void add_progress(Row &row, const stats::Session &session)
{
    const stats::Running &running = session.running;
    row.add(session_id(session)).add(session.pid);
    if (!may_see(session)) {
        row.add_nulls(8);
        return;
    }
    row.add(running.command).add(running.tview).add(running.phase).add(running.done);
    std::uint64_t done = std::min(running.done, running.total);
    if (running.total == 0)
        row.add_nulls(2);
    else
        row.add(running.total).add(100 * static_cast<double>(done) / static_cast<double>(running.total));
    row.add_time(running.started);
    if (done == 0) {
        row.add_nulls(1);
    } else {
        double elapsed = static_cast<double>(GetCurrentTimestamp() - running.phase_started);
        double whole = elapsed * static_cast<double>(running.total) / static_cast<double>(done);
        row.add_time(running.phase_started + static_cast<TimestampTz>(whole));
    }
}

void add_caches(pg::ResultSet &result, const char *scope, std::uint64_t sessions, const catalog::CacheUsage &usage)
{
    for (const auto &[name, counts] : {std::pair("tviews", usage.tviews), std::pair("captures", usage.captures),
                                       std::pair("plans", usage.plans)}) {
        Row row;
        row.add(scope).add(name).add(sessions).add(counts.entries).add(counts.bytes);
        row.add(counts.hits).add(counts.misses).add(counts.invalidations).give(result);
    }
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_performance_summary)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        inspect::Row row;
        inspect::add_summary(row, tview);
        row.give(result);
    }
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_queue_realtime)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    for (const stats::Session &session : stats::sessions()) {
        if (session.pending.tviews == 0)
            continue;
        inspect::Row row;
        inspect::add_pending(row, session);
        row.give(result);
    }
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_progress)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    for (const stats::Session &session : stats::sessions()) {
        if (!session.running.is_any())
            continue;
        inspect::Row row;
        inspect::add_progress(row, session);
        row.give(result);
    }
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_cache_stats)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    inspect::add_caches(result, "session", 1, catalog::cache_usage());
    if (stats::is_shared()) {
        stats::AllCaches all = stats::all_caches();
        inspect::add_caches(result, "server", all.sessions, all.usage);
    }
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_stats_info)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    stats::StoreInfo info = stats::store_info();
    inspect::Row row;
    row.add_bool(stats::is_shared()).add(info.tracked);
    if (stats::is_shared())
        row.add(catalog::settings().max_tracked);
    else
        row.add_nulls(1);
    row.add(info.untracked).add_time(info.since).give(result);
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_stats_reset)
{
    using namespace tviews;
    Oid tview = InvalidOid;
    if (!PG_ARGISNULL(0))
        tview = inspect::named_tview(pg::call([&] { return PG_GETARG_TEXT_PP(0); }))->tview.table;
    stats::reset(tview);
    PG_RETURN_VOID();
}
