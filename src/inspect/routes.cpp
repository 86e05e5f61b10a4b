// pg_tviews_routes(): what leads from each base table to each TVIEW, a row per occurrence; explain.cpp says the same in words.
#include <algorithm>

#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"

namespace tviews::inspect {

namespace {

void add_route(const catalog::Compiled &tview, int number, pg::ResultSet &result)
{
    const model::Occurrence &occurrence = tview.analysis.occurrences[number];
    const model::Route &route = tview.routes[number];
    std::size_t hops = 0;
    for (const model::Walk &walk : route.walks)
        hops = std::max(hops, model::steps_read(walk));
    const char *kind = route.everything ? "everything" : hops == 0 ? "direct" : "hops";
    Datum values[6] = {};
    bool nulls[6] = {false, false, false, false, route.everything, !route.everything};
    pg::call([&] {
        values[0] = ObjectIdGetDatum(tview.tview.table);
        values[1] = ObjectIdGetDatum(occurrence.relation);
        values[2] = CStringGetTextDatum(occurrence.path.c_str());
        values[3] = CStringGetTextDatum(kind);
        values[4] = Int32GetDatum(static_cast<int32>(hops));
        values[5] = CStringGetTextDatum(route.reason.c_str());
    });
    result.add(values, nulls);
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_routes)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    for (const auto &tview : inspect::named_tviews(fcinfo, 0))
        for (int i = 0; i < static_cast<int>(tview->routes.size()); ++i)
            if (tview->analysis.occurrences[i].earlier < 0)
                inspect::add_route(*tview, i, result);
    return Datum(0);
}
