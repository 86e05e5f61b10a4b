// Compiling a TVIEW: its definition analysed, with the routes, statements' texts and types that follow; see compiled.hpp.
// Not here: for how long what comes out is kept (compiled.cpp).
#include "catalog/compiled.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <tuple>

#include "analyze/analyze.hpp"
#include "analyze/join_index.hpp"
#include "analyze/names.hpp"
#include "catalog/meta.hpp"

namespace tviews::catalog {

namespace {

// A memory context for the analysis' nodes, gone when the analysis is.
class Scratch {
public:
    Scratch()
        : context_(pg::call([] {
              return AllocSetContextCreate(CurrentMemoryContext, "pg_tviews analysis", ALLOCSET_DEFAULT_SIZES);
          })),
          caller_(MemoryContextSwitchTo(context_))
    {
    }
    ~Scratch()
    {
        // While unwinding, the error still lives in the context; the abort frees both.
        MemoryContextSwitchTo(caller_);
        if (std::uncaught_exceptions() == 0)
            MemoryContextDelete(context_);
    }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;

private:
    MemoryContext context_;
    MemoryContext caller_;
};

std::vector<Oid> column_types(Oid view, const std::vector<std::string> &columns)
{
    std::vector<Oid> types;
    for (const std::string &column : columns)
        types.push_back(pg::call([&] {
            AttrNumber number = get_attnum(view, column.c_str());
            return number == InvalidAttrNumber ? InvalidOid : get_atttype(view, number);
        }));
    return types;
}

// The step's conditions must be equalities of columns, all of them, and its rows known by columns.
std::optional<StepIndex> step_index(const Compiled &tview, int number, const plan::CompiledStage &stage)
{
    const model::Stage &from = tview.order.all[number];
    if (from.next < 0 || !from.loop.empty() || stage.equalities.size() != from.conditions.size() || !stage.far.sql.empty() ||
        !stage.near.sql.empty())
        return std::nullopt;
    const model::Stage &to = tview.order.all[from.next];
    auto is_column = [](AttrNumber number) { return number > 0; };
    std::vector<analyze::Equated> columns;
    for (std::size_t i = 0; i < stage.equalities.size(); ++i)
        columns.push_back({tview.order.seed_columns[to.occurrence][stage.near.direct[i]], stage.equalities[i].operation,
                           stage.equalities[i].collation});
    auto found = analyze::join_index(tview.analysis.occurrences[to.occurrence].relation, columns);
    if (!found || !std::all_of(to.columns.begin(), to.columns.end(), is_column))
        return std::nullopt;
    StepIndex step{found->index, {}};
    for (std::size_t at : found->order)
        step.values.push_back(stage.far.direct[at]);
    return step;
}

Stage compile_stage(const Compiled &tview, int number)
{
    Stage stage{plan::compile_stage(tview.analysis, tview.order, number), {}, std::nullopt};
    stage.index = step_index(tview, number, stage);
    for (const plan::LockedEquality &equality : stage.equalities)
        stage.hashes.push_back(pg::call([&] {
            RegProcedure left, right;
            if (!get_op_hash_functions(equality.operation, &left, &right))
                elog(ERROR, "operator %u has no hash functions", equality.operation);
            return JoinHash{equality.far_is_left ? left : right, equality.far_is_left ? right : left, equality.collation};
        }));
    return stage;
}

std::vector<Oid> seed_types(const Compiled &tview, std::size_t occurrence)
{
    std::vector<Oid> types;
    for (model::AttributeNumber column : tview.order.seed_columns[occurrence])
        types.push_back(tview.analysis.occurrences[occurrence].attribute(column)->type.id);
    if (tview.order.passed[occurrence])
        types.push_back(BOOLOID);
    return types;
}

// Whether the rows at the end of the walk give the stored key as it is.
bool gives_the_key(const Compiled &tview, int end)
{
    const Stage &stage = tview.stages[end];
    if (!stage.keys.sql.empty())
        return false;
    for (std::size_t i = 0; i < stage.key_columns.size(); ++i) {
        const model::KeyColumn &key = tview.analysis.key[static_cast<std::size_t>(stage.key_columns[i])];
        model::AttributeNumber column = tview.order.all[end].columns[stage.keys.direct[i]];
        const model::Occurrence &occurrence = tview.analysis.occurrences[tview.order.all[end].occurrence];
        if (!key.identical || occurrence.attribute(column)->type.id != key.type.id)
            return false;
    }
    return true;
}

// How walks carry the copies of an occurrence.
std::optional<Copies> carry(const Compiled &tview, model::ProvenCopies proven)
{
    int stage = tview.order.entries[proven.row.occurrence].front();
    Copies copies{std::move(proven), tview.order.all[stage].columns, {}, {}};
    const model::ProvenCopies &what = copies.proven;
    std::vector<model::AttributeNumber> ids;
    if (what.array)
        for (const model::Copy &copy : what.array->identity)
            ids.push_back(copy.column());
    const model::Occurrence &occurrence = tview.analysis.occurrences[what.row.occurrence];
    copies.columns.insert(copies.columns.end(), what.row.identity.begin(), what.row.identity.end());
    if (what.steps_to_element == 0)
        copies.columns.insert(copies.columns.end(), ids.begin(), ids.end());
    std::vector<model::Type> carried;
    for (std::size_t i = 0; i < copies.columns.size(); ++i) {
        const model::Type &type = occurrence.attribute(copies.columns[i])->type;
        copies.types.push_back(type.id);
        if (i >= tview.order.all[stage].columns.size())
            carried.push_back(type);
    }
    for (std::size_t step = 1; tview.order.all[stage].next >= 0; ++step) {
        bool picks_up = what.array && what.steps_to_element == step;
        auto picked_up = picks_up ? ids : std::vector<model::AttributeNumber>{};
        copies.steps[stage] = {plan::carrying_step(tview.analysis, tview.order, stage, carried, picked_up), picked_up};
        for (model::AttributeNumber id : picked_up)
            carried.push_back(tview.analysis.occurrences[what.array->occurrence].attribute(id)->type);
        stage = tview.order.all[stage].next;
    }
    return gives_the_key(tview, stage) ? std::optional(std::move(copies)) : std::nullopt;
}

// Key columns that all walks give; none if one of them cannot be hashed.
std::vector<LockedKey> locked_key(const Compiled &tview)
{
    std::vector<LockedKey> locked;
    for (int column = 0; column < static_cast<int>(tview.analysis.key.size()); ++column) {
        bool given = true;
        for (const Stage &stage : tview.stages)
            given &= !stage.step.empty() ||
                     std::find(stage.key_columns.begin(), stage.key_columns.end(), column) != stage.key_columns.end();
        if (!given)
            continue;
        const char *name = tview.tview.key[static_cast<std::size_t>(column)].c_str();
        LockedKey key = pg::call([&] {
            AttrNumber number = get_attnum(tview.tview.table, name);
            Oid type;
            int32 typmod;
            Oid collation;
            get_atttypetypmodcoll(tview.tview.table, number, &type, &typmod, &collation);
            return LockedKey{column, lookup_type_cache(type, TYPECACHE_HASH_PROC)->hash_proc, collation};
        });
        if (!OidIsValid(key.hash))
            return {};
        locked.push_back(key);
    }
    return locked;
}

int rank_of(const std::vector<Oid> &dependencies)
{
    int rank = 1;
    for (Oid dependency : dependencies)
        if (is_tview(dependency))
            rank = std::max(rank, compiled(dependency)->rank + 1);
    return rank;
}

}  // namespace

pg::Statement &Compiled::statement(const std::string &sql, const std::vector<Oid> &types)
{
    auto &kept = statements_[sql];
    if (!kept)
        kept = std::make_unique<pg::Statement>(sql, types);
    return *kept;
}

const plan::Comparisons &Compiled::comparisons(const std::vector<int> &part)
{
    auto known = comparisons_.find(part);
    if (known == comparisons_.end())
        known = comparisons_.emplace(part, plan::Comparisons{plan::query_key(relations, analysis.key, part),
                                                             plan::query_keys(relations, analysis.key, part),
                                                             plan::compare_key(relations, analysis.key, part),
                                                             plan::compare_keys(relations, analysis.key, part),
                                                             plan::compare_bulk(relations, analysis.key, part),
                                                             plan::compare_all(relations, analysis.key)}).first;
    return known->second;
}

namespace {

// Temporary tables come first unless the path says otherwise, and a session's must not stand for those a function means.
PinnedSettings without_temporary(PinnedSettings settings)
{
    for (auto &[name, value] : settings)
        if (name == "search_path" && value.find("pg_temp") == std::string::npos)
            value += value.empty() ? "pg_temp" : ", pg_temp";
    return settings;
}

}  // namespace

void put_in_order(std::vector<std::shared_ptr<Compiled>> &tviews)
{
    std::sort(tviews.begin(), tviews.end(), [](const auto &one, const auto &other) {
        return std::tuple(one->rank, one->tview.table) < std::tuple(other->rank, other->tview.table);
    });
}

analyze::Environment environment_of(const Tview &tview)
{
    return {owner_of(tview.table), without_temporary(tview.settings), tview.reads.value_or(std::vector<Oid>{})};
}

pg::Statement::Kept Compiled::kept_plans() const noexcept
{
    pg::Statement::Kept all;
    for (const auto &[sql, statement] : statements_) {
        pg::Statement::Kept kept = statement->kept();
        all.plans += kept.plans;
        all.bytes += kept.bytes;
    }
    return all;
}

// Either may have been dropped while the extension's event trigger was disabled.
void check_there(const Tview &tview)
{
    constexpr const char *hint = "pg_tviews_health_check() names it under the component metadata, with the command to run.";
    if (!relation_exists(tview.table))
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   fmt::format("pg_tview_meta has a row for TVIEW {}, whose table is gone", name_of(tview)),
                   "The table was dropped while the event trigger pg_tviews_sql_drop did not fire.", hint});
    if (!relation_exists(tview.view))
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, fmt::format("the backing view of TVIEW {} is gone", name_of(tview)),
                   "The view was dropped while the event trigger pg_tviews_sql_drop did not fire.", hint});
}

std::shared_ptr<Compiled> compile(const Tview &tview)
{
    check_there(tview);
    Scratch scratch;
    auto made = std::make_shared<Compiled>();
    made->tview = tview;
    analyze::Result result = analyze::analyze_view(tview.view, tview.key, environment_of(tview));
    made->analysis = std::move(result.analysis);
    made->routes = model::find_routes(made->analysis);
    made->order = model::merge_routes(made->analysis, made->routes);
    for (std::size_t i = 0; i < made->order.all.size(); ++i)
        made->stages.push_back(compile_stage(*made, static_cast<int>(i)));
    for (std::size_t i = 0; i < made->routes.size(); ++i)
        made->seed_types.push_back(seed_types(*made, i));
    for (auto &proven : model::prove_copies(made->analysis, made->routes))
        made->copies.push_back(proven ? carry(*made, std::move(*proven)) : std::nullopt);
    made->locked_key = locked_key(*made);
    made->owner = owner_of(tview.table);
    made->capture_function = capture_function();
    made->rank = rank_of(tview.dependencies);
    made->relations = {analyze::qualified_relation_name(tview.table), analyze::qualified_relation_name(tview.view),
                       tview.columns, tview.stamps};
    made->column_types = column_types(tview.view, tview.columns);
    std::set<Oid> watched(result.views.begin(), result.views.end());
    watched.insert(tview.view);
    made->views.assign(watched.begin(), watched.end());
    for (const model::Occurrence &occurrence : made->analysis.occurrences)
        watched.insert(occurrence.relation);
    watched.insert({tview.table, meta_table()});
    made->watched.assign(watched.begin(), watched.end());
    made->functions = std::move(result.functions);
    for (Oid function : made->functions)
        made->function_hashes.insert(pg::call([&] { return GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(function)); }));
    made->texts = std::move(result.texts);
    if (!made->texts.empty())
        pg::call(ResetPlanCache);     // plans of their statements outlive a function that their names would find first now
    made->settings = made->texts.empty() ? tview.settings : without_temporary(tview.settings);
    return made;
}

}  // namespace tviews::catalog
