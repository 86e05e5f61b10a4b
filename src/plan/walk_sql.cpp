// Writing the SQL of walks; see walk_sql.hpp.  Aliases: x the rows walked from (columns c1, c2 …), y the table read.
#include "plan/walk_sql.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "plan/closure_sql.hpp"
#include "plan/identifier.hpp"

namespace tviews::plan {

namespace {

using model::AttributeNumber;

std::string column_of_y(const model::Occurrence &occurrence, AttributeNumber number)
{
    return column_of(occurrence, number, "y");
}

std::vector<model::Type> types_of(const model::Occurrence &occurrence, const std::vector<AttributeNumber> &columns)
{
    std::vector<model::Type> types;
    for (AttributeNumber column : columns)
        types.push_back(occurrence.attribute(column)->type);
    return types;
}

// The rows walked from, as a subquery: unnested in the select list, where a composite value stays one column.
std::string rows_from_arrays(const std::vector<model::Type> &types)
{
    std::string list;
    for (std::size_t i = 0; i < types.size(); ++i)
        list += fmt::format("{}{} AS c{}", i ? ", " : "", types[i].unnested(i + 1), i + 1);
    return "(SELECT " + list + ") AS x";
}

std::string row_from_values(const std::vector<model::Type> &types)
{
    std::string list;
    for (std::size_t i = 0; i < types.size(); ++i)
        list += fmt::format("{}{} AS c{}", i ? ", " : "", types[i].value(i + 1), i + 1);
    return "(SELECT " + list + ") AS x";
}

// `rest` follows FROM and the rows.
RowsStatement over_rows(const std::vector<model::Type> &types, const std::string &select_list, const std::string &rest = "")
{
    auto text = [&](const std::string &rows) { return fmt::format("SELECT {} FROM {}{}", select_list, rows, rest); };
    return {text(rows_from_arrays(types)), text(row_from_values(types))};
}

// Adds the rows of other turns; they keep their columns.
RowsStatement closure(const model::Analysis &analysis, const model::Stage &stage, const model::Stage &next)
{
    std::string outputs;
    for (AttributeNumber number : next.columns)
        outputs += fmt::format("{}x.c{}", outputs.empty() ? "" : ", ",
                               std::find(stage.columns.begin(), stage.columns.end(), number) - stage.columns.begin() + 1);
    std::vector<model::Type> types = types_of(analysis.occurrences[stage.occurrence], stage.columns);
    auto text = [&](const std::string &rows) {
        return closure_sql(analysis, stage.occurrence, stage.loop, rows, stage.columns, outputs);
    };
    return {text(rows_from_arrays(types)), text(row_from_values(types))};
}

// Past so many statements in one, the cases of further conditions stay together.
constexpr std::size_t most_conjunctions = 16;

// What the step's conditions come to, of which one has to hold: their cases, each with each.
std::vector<std::string> conjunctions(const model::Analysis &analysis, const model::Stage &stage)
{
    std::vector<std::string> all{""};
    for (int c : stage.conditions) {
        const model::Condition &condition = analysis.conditions[c];
        bool whole = condition.cases.empty() || all.size() * condition.cases.size() > most_conjunctions;
        std::vector<std::string> longer;
        for (const std::string &conjunction : all)
            for (const model::Expression &one : whole ? std::vector{condition.expression} : condition.cases)
                longer.push_back(conjunction + (conjunction.empty() ? "" : " AND ") +
                                 substitute(analysis, one, stage.occurrence, stage.columns));
        all = std::move(longer);
    }
    return all;
}

RowsStatement step_sql(const model::Analysis &analysis, const model::Stage &stage, const model::Stage &next,
                       const std::vector<model::Type> &carried, const std::vector<AttributeNumber> &picked_up)
{
    const model::Occurrence &to = analysis.occurrences[next.occurrence];
    std::string outputs;
    auto add = [&](const std::string &output) { outputs += (outputs.empty() ? "" : ", ") + output; };
    for (AttributeNumber number : next.columns)
        add(column_of_y(to, number));
    for (std::size_t i = 0; i < carried.size(); ++i)
        add(fmt::format("x.c{}", stage.columns.size() + i + 1));
    for (AttributeNumber number : picked_up)
        add(column_of_y(to, number));
    std::vector<model::Type> types = types_of(analysis.occurrences[stage.occurrence], stage.columns);
    types.insert(types.end(), carried.begin(), carried.end());
    RowsStatement step;
    for (const std::string &conditions : conjunctions(analysis, stage)) {
        RowsStatement one = over_rows(types, outputs, fmt::format(", {}{} AS y WHERE {}", to.inherit ? "" : "ONLY ",
                                                                  to.relation_name, conditions));
        const char *separator = step.empty() ? "" : " UNION ALL ";
        step = {step.many + separator + one.many, step.one + separator + one.one};
    }
    return step;
}

// The expressions, each over `occurrence` alone, from its rows of these columns.
Projection project(const model::Analysis &analysis, int occurrence, const std::vector<AttributeNumber> &columns,
                   const std::vector<const model::Expression *> &expressions)
{
    Projection projection;
    std::string list;
    for (const model::Expression *expression : expressions) {
        list += (list.empty() ? "" : ", ") + substitute(analysis, *expression, occurrence, columns);
        if (!expression->is_column())
            continue;
        auto at = std::find(columns.begin(), columns.end(), expression->inputs.front().attribute);
        projection.direct.push_back(static_cast<std::size_t>(at - columns.begin()));
    }
    if (projection.direct.size() == expressions.size())
        return projection;
    projection.direct.clear();
    if (columns.empty())          // a constant key: any change touches the one document
        projection.sql = {"SELECT " + list, "SELECT " + list};
    else
        projection.sql = over_rows(types_of(analysis.occurrences[occurrence], columns), list);
    return projection;
}

// How the step's join values are found on either side of it.
void compile_lock(const model::Analysis &analysis, const model::Stages &stages, const model::Stage &stage,
                  CompiledStage &compiled)
{
    int near = stages.all[stage.next].occurrence;
    std::vector<const model::Expression *> far_sides, near_sides;
    for (int c : stage.conditions) {
        const auto &equality = analysis.conditions[c].equality;
        if (!equality || !equality->hashable)
            continue;
        bool far_is_left = *equality->left.occurrences().begin() == stage.occurrence;
        compiled.equalities.push_back({equality->operation, equality->collation, far_is_left});
        far_sides.push_back(far_is_left ? &equality->left : &equality->right);
        near_sides.push_back(far_is_left ? &equality->right : &equality->left);
    }
    compiled.far = project(analysis, stage.occurrence, stage.columns, far_sides);
    compiled.near = project(analysis, near, stages.seed_columns[near], near_sides);
}

}  // namespace

CompiledStage compile_stage(const model::Analysis &analysis, const model::Stages &stages, int number)
{
    const model::Stage &stage = stages.all[number];
    CompiledStage compiled;
    if (stage.next >= 0) {
        const model::Stage &next = stages.all[stage.next];
        compiled.step = stage.loop.empty() ? step_sql(analysis, stage, next, {}, {}) : closure(analysis, stage, next);
        compiled.reader = analysis.occurrences[next.occurrence].reader;
        for (const model::Step &step : stage.loop)
            for (int c : step.conditions)
                compiled.may_fail |= analysis.conditions[c].may_fail;
        for (int c : stage.conditions)
            compiled.may_fail |= analysis.conditions[c].may_fail;
        compile_lock(analysis, stages, stage, compiled);
        return compiled;
    }
    std::vector<const model::Expression *> values;
    for (const model::Target::Part &part : stage.parts) {
        compiled.key_columns.push_back(part.key_column);
        values.push_back(&part.expression);
    }
    compiled.keys = project(analysis, stage.occurrence, stage.columns, values);
    return compiled;
}

RowsStatement carrying_step(const model::Analysis &analysis, const model::Stages &stages, int stage,
                            const std::vector<model::Type> &carried, const std::vector<AttributeNumber> &picked_up)
{
    return step_sql(analysis, stages.all[stage], stages.all[stages.all[stage].next], carried, picked_up);
}

std::string column_of(const model::Occurrence &occurrence, AttributeNumber number, const std::string &alias)
{
    // The cast keeps alias.* one value inside ROW(…) and in a select list.
    const model::Attribute &attribute = *occurrence.attribute(number);
    return number == model::whole_row ? "((" + alias + ".*)::" + attribute.type.name + ")"
                                      : alias + "." + quote_name(attribute.name);
}

std::string substitute(const model::Analysis &analysis, const model::Expression &expression, int from,
                       const std::vector<AttributeNumber> &columns_of_from)
{
    return expression.render([&](const model::ColumnRef &input) {
        if (input.occurrence != from)
            return column_of_y(analysis.occurrences[input.occurrence], input.attribute);
        auto at = std::find(columns_of_from.begin(), columns_of_from.end(), input.attribute);
        return fmt::format("x.c{}", at - columns_of_from.begin() + 1);
    });
}

}  // namespace tviews::plan
