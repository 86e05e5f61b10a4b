// pg_tviews_check_definitions(): which TVIEWs' queries cannot be run any more, and which depend on more than rows.
//
// A definition is checked as for a new TVIEW (analyze/restrictions.hpp) and started, as the TVIEW's owner, for no rows.
#include <fmt/core.h>

#include "analyze/analyze.hpp"
#include "analyze/restrictions.hpp"
#include "catalog/meta.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/subtransaction.hpp"
#include "refresh/identity.hpp"
#include "refresh/view_of_data.hpp"

namespace tviews::inspect {

namespace {

void add(pg::ResultSet &result, Oid table, const char *problem, const pg::Report &report)
{
    Datum values[6] = {};
    bool nulls[6] = {false, false, false, false, report.detail.empty(), report.hint.empty()};
    pg::call([&] {
        values[0] = ObjectIdGetDatum(table);
        values[1] = CStringGetTextDatum(problem);
        values[2] = CStringGetTextDatum(unpack_sql_state(report.sqlstate));
        values[3] = CStringGetTextDatum(report.message.c_str());
        values[4] = CStringGetTextDatum(report.detail.c_str());
        values[5] = CStringGetTextDatum(report.hint.c_str());
    });
    result.add(values, nulls);
}

std::string text_of(const char *text)
{
    return text ? text : "";
}

void start_query(Oid table)
{
    auto tview = catalog::compiled(table);
    refresh::PinnedSettingsScope settings(tview->settings);
    refresh::RoleScope role(tview->owner, refresh::Security::restricted);
    refresh::SnapshotScope snapshot(refresh::Moment::read);
    pg::execute(fmt::format("SELECT * FROM {} LIMIT 0", tview->relations.view), {}, {}, nullptr, true);
}

void check(const catalog::Tview &tview, pg::ResultSet &result)
{
    analyze::Findings findings;
    ErrorData *failure = pg::attempt([&] {
        bool logged = pg::call(get_rel_persistence, tview.table) == RELPERSISTENCE_PERMANENT;
        findings = analyze::check_restrictions(analyze::stored_query(tview.view), logged, catalog::environment_of(tview),
                                               tview.reads.has_value());
        start_query(tview.table);
    });
    if (failure != nullptr)
        add(result, tview.table, "invalid",
            {failure->sqlerrcode, text_of(failure->message), text_of(failure->detail), text_of(failure->hint)});
    for (const pg::Report &refusal : findings.refusals)
        add(result, tview.table, "invalid", refusal);
    for (const pg::Report &warning : findings.warnings)
        add(result, tview.table, "warning", warning);
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_check_definitions)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    pg::SpiSession session;
    for (const catalog::Tview &tview : catalog::all_tviews())
        if (catalog::relation_exists(tview.table))
            inspect::check(tview, result);
    return Datum(0);
}
