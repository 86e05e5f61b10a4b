// pg_tviews_check_indexes(): the indexes a TVIEW's hops and rebuilds want and do not have, with what they would change.
//
// Costs are the planner's (costs.hpp), with the index by hypothetical.hpp.
#include <fmt/core.h>
#include <functional>
#include <set>

#include "analyze/names.hpp"
#include "inspect/costs.hpp"
#include "inspect/hypothetical.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"

namespace tviews::inspect {

namespace {

class IndexCheck {
public:
    IndexCheck(const catalog::Compiled &tview, pg::ResultSet &result)
        : tview_(tview), analysis_(tview.analysis), costs_(tview), result_(result)
    {
    }

    void run()
    {
        for (int i = 0; i < static_cast<int>(tview_.order.all.size()); ++i)
            check_hop(i);
        for (const model::Route &route : tview_.routes)
            for (const model::Walk &walk : route.walks)
                check_rebuild(walk.steps);
    }

private:
    using Cost = std::function<double()>;

    void check_hop(int number)
    {
        const model::Stage &stage = tview_.order.all[number];
        if (stage.next < 0)
            return;
        auto cost = [this, number] { return costs_.step(number).cost; };
        for (const model::Step &turn : stage.loop)
            check("hop", turn, turn.to, cost);
        if (!stage.loop.empty())
            return;
        model::Step step;
        step.from = stage.occurrence;
        step.to = tview_.order.all[stage.next].occurrence;
        step.conditions = stage.conditions;
        check("hop", step, step.to, cost);
    }

    void check_rebuild(const std::vector<model::Step> &steps)
    {
        for (const model::Step &step : steps) {
            check_rebuild(step.loop);
            if (step.loop.empty())
                check("rebuild", step, step.from, [this] { return costs_.document().cost; });
        }
    }

    std::string describe(const model::Step &step, int to) const
    {
        int from = to == step.to ? step.from : step.to;
        std::string conditions;
        for (int c : step.conditions)
            conditions += (conditions.empty() ? "" : " AND ") + model::describe(analysis_, analysis_.conditions[c].expression);
        return fmt::format("{} to {} where {}", analysis_.occurrences[from].path, analysis_.occurrences[to].path, conditions);
    }

    void check(const char *purpose, const model::Step &step, int occurrence, const Cost &cost)
    {
        auto advice = index_for(analysis_, step, occurrence);
        if (!advice || !advice->existing.empty())
            return;
        std::string text = describe(step, occurrence);
        if (!seen_.insert(std::string(purpose) + text).second)
            return;
        auto definition = define_index(*advice);
        double without = cost(), with = without;
        if (definition) {
            HypotheticalIndex index(*definition);
            with = cost();
        }
        std::string ddl = definition ? definition->sql() : "";
        Datum values[8] = {};
        bool nulls[8] = {false, false, false, false, false, !definition, false, !definition};
        pg::call([&] {
            values[0] = ObjectIdGetDatum(tview_.tview.table);
            values[1] = CStringGetTextDatum(purpose);
            values[2] = CStringGetTextDatum(text.c_str());
            values[3] = ObjectIdGetDatum(advice->relation);
            values[4] = CStringGetTextDatum(advice->columns.c_str());
            values[5] = CStringGetTextDatum(ddl.c_str());
            values[6] = Float8GetDatum(without);
            values[7] = Float8GetDatum(with);
        });
        result_.add(values, nulls);
    }

    const catalog::Compiled &tview_;
    const model::Analysis &analysis_;
    Costs costs_;
    pg::ResultSet &result_;
    std::set<std::string> seen_;
};

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_check_indexes)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    auto tviews = inspect::named_tviews(fcinfo, 0);
    pg::SpiSession session;
    for (const auto &tview : tviews)
        inspect::IndexCheck(*tview, result).run();
    return Datum(0);
}
