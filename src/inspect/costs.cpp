// Asking the planner; see costs.hpp.
#include "inspect/costs.hpp"

#include <numeric>

namespace tviews::inspect {

pg::Estimate Costs::estimate(const std::string &sql, const std::vector<Oid> &types, Oid reader) const
{
    refresh::RoleScope role(reader != 0 ? reader : tview_.owner, refresh::Security::restricted);
    return pg::estimate(sql, types);
}

pg::Estimate Costs::step(int stage) const
{
    const model::Stage &from = tview_.order.all[stage];
    std::vector<Oid> types;
    for (model::AttributeNumber column : from.columns)
        types.push_back(tview_.analysis.occurrences[from.occurrence].attribute(column)->type.id);
    return estimate(tview_.stages[stage].step.one, types, tview_.stages[stage].reader);
}

pg::Estimate Costs::document() const
{
    std::vector<int> all(tview_.analysis.key.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<Oid> types;
    for (const model::KeyColumn &column : tview_.analysis.key)
        types.push_back(column.type.id);
    return estimate(plan::query_key(tview_.relations, tview_.analysis.key, all), types, 0);
}

pg::Estimate Costs::everything() const
{
    return estimate(plan::compare_all(tview_.relations, tview_.analysis.key), {}, 0);
}

Costs::Change Costs::change(int occurrence) const
{
    Change total;
    for (int stage : tview_.order.entries[occurrence]) {
        double rows = 1;
        for (; tview_.order.all[stage].next >= 0; stage = tview_.order.all[stage].next) {
            pg::Estimate one = step(stage);
            total.hops += rows * one.cost;
            rows *= one.rows;
        }
        total.documents += rows;
    }
    return total;
}

}  // namespace tviews::inspect
