// Planning for the cost alone; see cost.hpp.
#include "pg/cost.hpp"

namespace tviews::pg {

namespace {

// C-side: may raise.
double plan_cost(SPIPlanPtr made, ParamListInfo parameters)
{
    double cost = 0;
    const List *sources = SPI_plan_get_plan_sources(made);
    for (int i = 0; i < list_length(sources); ++i) {
        CachedPlan *plan = GetCachedPlan(static_cast<CachedPlanSource *>(list_nth(sources, i)), parameters, nullptr, nullptr);
        for (int j = 0; j < list_length(plan->stmt_list); ++j)
            cost += static_cast<PlannedStmt *>(list_nth(plan->stmt_list, j))->planTree->total_cost;
        ReleaseCachedPlan(plan, nullptr);         // an unsaved plan has no owner
    }
    return cost;
}

}  // namespace

double processor_cost(const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters)
{
    return call([&] {
        int nest_level = NewGUCNestLevel();
        for (const char *name : {"seq_page_cost", "random_page_cost"})
            set_config_option(name, "0.01", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
        ParamListInfo list = makeParamList(static_cast<int>(parameters.values.size()));
        for (int i = 0; i < list->numParams; ++i)
            list->params[i] = ParamExternData{parameters.values[i], !parameters.nulls.empty() && parameters.nulls[i] == 'n',
                                              PARAM_FLAG_CONST, types[i]};
        SPIPlanPtr made = SPI_prepare_cursor(sql.c_str(), list->numParams, const_cast<Oid *>(types.data()), CURSOR_OPT_CUSTOM_PLAN);
        double cost = made != nullptr ? plan_cost(made, list) : 0;
        if (made != nullptr)
            SPI_freeplan(made);
        AtEOXact_GUC(true, nest_level);
        return cost;
    });
}

}  // namespace tviews::pg
