// Suspending and resuming TVIEWs on request: pg_tviews_suspend(), pg_tviews_resume(), pg_tviews_resume_concurrently().
//
// Not here: what a suspended TVIEW means to writers and why a resume is exact (queue/skipping.hpp, refresh/batches.hpp).
#include <fmt/core.h>

#include "catalog/audit.hpp"
#include "catalog/state.hpp"
#include "catalog/verified.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"
#include "queue/flush_points.hpp"
#include "queue/skipping.hpp"
#include "refresh/batches.hpp"
#include "refresh/deferred.hpp"
#include "refresh/flush.hpp"
#include "stats/progress.hpp"

namespace tviews::inspect {

namespace {

enum class Scope { database, session, transaction };

struct ScopeName {
    Scope scope;
    const char *name;
};
constexpr ScopeName scopes[] = {
    {Scope::database, "database"}, {Scope::session, "session"}, {Scope::transaction, "transaction"}};

Scope read_scope(FunctionCallInfo fcinfo, int argument)
{
    std::string name;
    if (!PG_ARGISNULL(argument))
        name = pg::call([&]() -> const char * { return text_to_cstring(PG_GETARG_TEXT_PP(argument)); });
    for (const ScopeName &known : scopes)
        if (name == known.name)
            return known.scope;
    pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, fmt::format("invalid scope \"{}\"", name), "",
               "The scopes are database, session and transaction."});
}

void audit(const char *operation, const catalog::Compiled &tview, catalog::Details &details)
{
    catalog::audit(operation, tview.tview.entity, details.add("table", tview.name()));
}

void suspend_for_all(const catalog::Compiled &tview)
{
    Oid table = tview.tview.table;
    queue::lock_against_resume(table);
    pg::SpiSession session;
    if (catalog::marks_of(table).suspended)
        return pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION, fmt::format("TVIEW {} is suspended already", tview.name())});
    catalog::add_mark(table, catalog::Mark::suspended);
    catalog::Details details;
    audit("SUSPEND", tview, details.add("scope", "database"));
}

void suspend_for_session(const catalog::Compiled &tview, Scope scope)
{
    std::set<Oid> tviews = catalog::suspended_by_session();
    tviews.insert(tview.tview.table);
    catalog::suspend_by_session(tviews, scope == Scope::transaction);
}

// A session that resumes a TVIEW maintains it itself, too.
void resume_for_session(Oid table)
{
    std::set<Oid> tviews = catalog::suspended_by_session();
    if (tviews.erase(table) != 0)
        catalog::suspend_by_session(tviews, false);
}

// The worker takes up again what is queued.
void remove_marks(const catalog::Tview &tview)
{
    pg::SpiSession session;
    catalog::remove_marks(tview.table);
    refresh::note_enqueued(tview.mode);
}

void record_resume(const catalog::Compiled &tview, const refresh::Written &written)
{
    catalog::note_repaired(tview.tview.table);
    pg::SpiSession session;
    catalog::Details details;
    details.add("inserted", written.inserted).add("updated", written.updated).add("deleted", written.deleted);
    audit("RESUME", tview, details);
}

void resume(const catalog::Compiled &tview, pg::ResultSet &result)
{
    Oid table = tview.tview.table;
    if (!catalog::marks_of(table).any())
        return;
    remove_marks(tview.tview);
    queue::forget_skipped(table);
    stats::Progress progress("resume", tview.name());
    progress.phase("comparing", stats::estimated_rows(table));
    refresh::Written written = refresh::refresh_all(table);
    record_resume(tview, written);
    Datum values[4] = {ObjectIdGetDatum(table), Int64GetDatum(static_cast<int64>(written.inserted)),
                       Int64GetDatum(static_cast<int64>(written.updated)), Int64GetDatum(static_cast<int64>(written.deleted))};
    bool nulls[4] = {};
    result.add(values, nulls);
}

// Returns the mark `building` that has taken the place of all others; nothing if there was none.
std::string begin_resume(const catalog::Compiled &tview)
{
    Oid table = tview.tview.table;
    check_owner(tview, "resume");
    resume_for_session(table);
    queue::lock_against_skipping(table);
    if (!catalog::marks_of(table).any())
        return "";
    remove_marks(tview.tview);
    pg::SpiSession session;
    return catalog::add_mark(table, catalog::Mark::building);
}

void resume_concurrently(text *name, int batch, pg::Transactions &transactions)
{
    std::string mark;
    Oid table = InvalidOid;
    transactions.run([&] {
        auto tview = named_tview(name);
        table = tview->tview.table;
        mark = begin_resume(*tview);
    });
    if (mark.empty())
        return;
    refresh::Written written = refresh::fill_in_batches(transactions, table, mark, refresh::List::differing, batch);
    transactions.run([&] { record_resume(*catalog::compiled(table), written); });
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_suspend)
{
    using namespace tviews;
    inspect::Scope scope = inspect::read_scope(fcinfo, 1);
    pg::ResultSet result(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    for (const auto &tview : inspect::named_tviews(fcinfo, 0)) {
        inspect::check_owner(*tview, "suspend");
        if (scope == inspect::Scope::database)
            inspect::suspend_for_all(*tview);
        else
            inspect::suspend_for_session(*tview, scope);
        Datum value = ObjectIdGetDatum(tview->tview.table);
        bool is_null = false;
        result.add(&value, &is_null);
    }
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_resume)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    queue::flush_now();
    auto tviews = inspect::named_tviews(fcinfo, 0);
    // Skip locks before any lock of a flush: a writer that has skipped one TVIEW may wait at another.
    for (const auto &tview : tviews) {
        inspect::check_owner(*tview, "resume");
        inspect::resume_for_session(tview->tview.table);
        queue::lock_against_skipping(tview->tview.table);
    }
    for (const auto &tview : tviews)
        inspect::resume(*tview, result);
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_resume_concurrently)
{
    using namespace tviews;
    pg::Transactions transactions(fcinfo, "pg_tviews_resume_concurrently()");
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        pg::raise({ERRCODE_NULL_VALUE_NOT_ALLOWED, "no argument of pg_tviews_resume_concurrently() may be null"});
    int batch = refresh::checked_batch(PG_GETARG_INT32(1));
    inspect::resume_concurrently(pg::call([&] { return PG_GETARG_TEXT_PP(0); }), batch, transactions);
    return Datum(0);
}
