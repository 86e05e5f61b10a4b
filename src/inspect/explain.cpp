// pg_tviews_explain(): how a change of each base table finds the documents of a TVIEW, in words.
//
// Prints the stages in order: key, occurrences with the columns that matter, routes, and the indexes that hops and rebuilds
// want; on request what the planner thinks a change costs.  Its output without costs is the golden file of the analysis' tests.
#include <algorithm>
#include <fmt/core.h>
#include <set>

#include "analyze/analyze.hpp"
#include "analyze/names.hpp"
#include "analyze/undetermined.hpp"
#include "inspect/costs.hpp"
#include "inspect/indexes.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"
#include "pg/result_set.hpp"

namespace tviews::inspect {

namespace {

class Explanation {
public:
    // `costs`: null for none.
    Explanation(const catalog::Compiled &tview, const Costs *costs) : tview_(tview), analysis_(tview.analysis), costs_(costs) {}

    std::vector<std::string> lines()
    {
        line(0, "TVIEW " + readable(tview_.tview.table) + ", backing view " + readable(tview_.tview.view));
        for (const std::string &place : analyze::find_undetermined(analyze::stored_query(tview_.tview.view), catalog::environment_of(tview_.tview)).places)
            line(1, "the data do not determine: " + place);
        if (tview_.tview.mode != catalog::RefreshMode::transactional)
            line(1, std::string("refresh mode: ") + name_of(tview_.tview.mode));
        explain_key();
        for (std::size_t i = 0; i < analysis_.occurrences.size(); ++i)
            if (analysis_.occurrences[i].earlier < 0)
                explain_occurrence(static_cast<int>(i));
        return std::move(lines_);
    }

private:
    void line(int depth, const std::string &text) { lines_.push_back(std::string(2 * depth, ' ') + text); }

    static std::string readable(Oid relation)
    {
        return analyze::qualified_relation_name(relation);
    }

    std::string occurrence_name(int index) const
    {
        const model::Occurrence &occurrence = analysis_.occurrences[index];
        const char *table = pg::call(get_rel_name, occurrence.relation);
        std::string name = table ? table : "?";
        return name == occurrence.path ? name : name + " " + occurrence.path;
    }

    std::string shared_name(const model::Occurrence &occurrence) const
    {
        const std::string &path = analysis_.shared_values[occurrence.shared_value].path;
        return path == occurrence.path ? path + " with its filter" : path;
    }

    void explain_key()
    {
        std::string columns;
        for (const model::KeyColumn &column : analysis_.key)
            columns += (columns.empty() ? "" : ", ") + column.name + " " +
                       pg::call([&]() -> const char * { return format_type_be(column.type.id); });
        line(0, "key: " + columns);
        if (analysis_.alternatives.empty())
            line(1, "cannot be traced to base tables: " + analysis_.no_key_route);
        for (const model::Alternative &alternative : analysis_.alternatives)
            for (const model::Target &target : alternative.targets)
                for (const model::Target::Part &part : target.parts)
                    line(1, fmt::format("{} = {}", analysis_.key[part.key_column].name,
                                        model::describe(analysis_, part.expression)));
    }

    void explain_occurrence(int index)
    {
        const model::Occurrence &occurrence = analysis_.occurrences[index];
        line(0, occurrence_name(index) + (occurrence.inherit ? "" : " (ONLY)"));
        explain_columns(occurrence);
        if (tview_.copies[index])
            explain_copies(occurrence, tview_.copies[index]->proven);
        const model::Route &route = tview_.routes[index];
        if (route.everything) {
            std::string unless = occurrence.shared_value < 0
                                     ? ""
                                     : ", unless " + shared_name(occurrence) + " gives the same rows as before";
            line(1, "a change compares everything" + unless + ": " + route.reason);
            if (costs_ != nullptr)
                line(1, fmt::format("estimated cost of comparing everything: {:.2f}", costs_->everything().cost));
            return;
        }
        for (const model::Walk &walk : route.walks)
            explain_walk(walk);
        if (costs_ != nullptr)
            explain_costs(index);
    }

    void explain_costs(int index)
    {
        Costs::Change change = costs_->change(index);
        double each = costs_->document().cost;
        line(1, fmt::format("estimated cost of one changed row: {:.2f} = hops {:.2f} + {:.0f} document{} at {:.2f}",
                            change.hops + change.documents * each, change.hops, change.documents,
                            change.documents == 1 ? "" : "s", each));
    }

    void explain_columns(const model::Occurrence &occurrence)
    {
        if (occurrence.used.count(model::whole_row) != 0) {
            line(1, "columns that matter: all (the whole row is used)");
            return;
        }
        std::string columns;
        for (model::AttributeNumber number : occurrence.used)
            columns += (columns.empty() ? "" : ", ") + occurrence.attribute(number)->name;
        line(1, columns.empty() ? "columns that matter: none, only whether a row exists" : "columns that matter: " + columns);
    }

    void explain_copies(const model::Occurrence &occurrence, const model::ProvenCopies &proven)
    {
        std::string columns, where = "the document";
        for (model::AttributeNumber number : proven.row.columns)
            columns += (columns.empty() ? "" : ", ") + occurrence.attribute(number)->name;
        if (proven.array) {
            where = "the elements of " + proven.array->output;
            for (const std::string &key : proven.array->path)
                where += "." + key;
        }
        bool computed = std::any_of(proven.row.copies.begin(), proven.row.copies.end(),
                                    [](const model::Copy &copy) { return !copy.computed.empty(); });
        line(1, fmt::format("{}, so set in {} without building it again: {}",
                            computed ? "copied, or computed of this row alone" : "copied only", where, columns));
    }

    std::string key_values(const model::Walk &walk) const
    {
        std::string values;
        for (const model::Target::Part &part : walk.parts)
            values += (values.empty() ? "" : ", ") + analysis_.key[part.key_column].name + " = " +
                      model::describe(analysis_, part.expression);
        if (walk.parts.size() < analysis_.key.size())
            values += ", any value of the other key columns";
        return values;
    }

    void explain_walk(const model::Walk &walk)
    {
        std::size_t hops = model::steps_read(walk);
        if (hops == 0)
            line(1, "a change gives the document directly: " + key_values(walk));
        else
            line(1, fmt::format("a change finds its documents in {} hop{}: {}", hops, hops == 1 ? "" : "s", key_values(walk)));
        for (std::size_t i = 0; i < walk.steps.size(); ++i) {
            const model::Step &step = walk.steps[i];
            if (step.loop.empty()) {
                explain_step(step, i < hops, 2);
                continue;
            }
            line(2, fmt::format("again and again to the {} turns of the recursion, while there are new rows:",
                                step.arrives == model::Turn::last ? "later" : "earlier"));
            for (const model::Step &turn : step.loop)
                explain_step(turn, true, 3);
        }
    }

    void explain_step(const model::Step &step, bool is_read, int depth)
    {
        std::string conditions;
        for (int c : step.conditions)
            conditions += (conditions.empty() ? "" : " AND ") + model::describe(analysis_, analysis_.conditions[c].expression);
        if (is_read) {
            line(depth, fmt::format("to {} where {}", occurrence_name(step.to), conditions));
            explain_index(step, step.to, "the hop", depth);
        }
        explain_index(step, step.from, "the rebuild", depth);
    }

    void explain_index(const model::Step &step, int occurrence, const char *who, int depth)
    {
        auto advice = index_for(analysis_, step, occurrence);
        if (!advice)
            return;
        if (advice->existing.empty())
            line(depth, fmt::format("{} wants an index on {} ({}): missing", who, advice->table, advice->columns));
        else
            line(depth, fmt::format("{} uses index {} on {} ({})", who, advice->existing, advice->table, advice->columns));
    }

    const catalog::Compiled &tview_;
    const model::Analysis &analysis_;
    const Costs *costs_;
    std::vector<std::string> lines_;
};

std::vector<std::string> explain_with_costs(const catalog::Compiled &tview)
{
    pg::SpiSession session;
    Costs costs(tview);
    return Explanation(tview, &costs).lines();
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_explain)
{
    using namespace tviews;
    auto tview = inspect::named_tview(pg::call([&] { return PG_GETARG_TEXT_PP(0); }));
    pg::ResultSet result(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto lines = PG_GETARG_BOOL(1) ? inspect::explain_with_costs(*tview) : inspect::Explanation(*tview, nullptr).lines();
    for (const std::string &line : lines) {
        Datum value = pg::call([&] { return CStringGetTextDatum(line.c_str()); });
        bool is_null = false;
        result.add(&value, &is_null);
    }
    return Datum(0);
}
