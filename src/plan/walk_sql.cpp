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

// The rows walked from, as a subquery: unnested in the select list, where a composite value stays one column.
std::string rows_from_arrays(const model::Occurrence &occurrence, const std::vector<AttributeNumber> &columns)
{
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const model::Type &type = occurrence.attribute(columns[i])->type;
        list += fmt::format("{}{} AS c{}", i ? ", " : "", type.unnested(i + 1), i + 1);
    }
    return "(SELECT " + list + ") AS x";
}

std::string step_sql(const model::Analysis &analysis, const model::Step &step,
                     const std::vector<AttributeNumber> &inputs, const std::string &outputs)
{
    const model::Occurrence &to = analysis.occurrences[step.to];
    std::string conditions;
    for (int c : step.conditions)
        conditions += (conditions.empty() ? "" : " AND ") +
                      substitute(analysis, analysis.conditions[c].expression, step.from, inputs);
    return fmt::format("SELECT {} FROM {}, {}{} AS y WHERE {}", outputs,
                       rows_from_arrays(analysis.occurrences[step.from], inputs), to.inherit ? "" : "ONLY ",
                       to.relation_name, conditions);
}

std::string column_list(const model::Occurrence &occurrence, const std::vector<AttributeNumber> &columns)
{
    std::string list;
    for (AttributeNumber number : columns)
        list += (list.empty() ? "" : ", ") + column_of_y(occurrence, number);
    return list;
}

// Columns of the rows walked from.
std::string row_list(const std::vector<AttributeNumber> &layout, const std::vector<AttributeNumber> &columns)
{
    std::string list;
    for (AttributeNumber number : columns)
        list += fmt::format("{}x.c{}", list.empty() ? "" : ", ",
                            std::find(layout.begin(), layout.end(), number) - layout.begin() + 1);
    return list;
}

std::string part_list(const model::Analysis &analysis, const model::Walk &walk, int from,
                      const std::vector<AttributeNumber> &columns_of_from)
{
    std::string list;
    for (const model::Target::Part &part : walk.parts)
        list += (list.empty() ? "" : ", ") + substitute(analysis, part.expression, from, columns_of_from);
    return list;
}

// Where every key part is a plain column of the seed row, no SQL is needed at all.
bool parts_are_columns(const model::Walk &walk)
{
    return std::all_of(walk.parts.begin(), walk.parts.end(),
                       [](const model::Target::Part &part) { return part.expression.is_column(); });
}

}  // namespace

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

CompiledWalk compile_walk(const model::Analysis &analysis, int occurrence, const model::Walk &walk)
{
    CompiledWalk compiled;
    compiled.seed_columns = columns_before(analysis, walk, 0);
    compiled.elided = !walk.steps.empty() && walk.steps.back().elided;
    for (const model::Target::Part &part : walk.parts)
        compiled.key_columns.push_back(part.key_column);
    std::size_t count = steps_read(walk);
    for (std::size_t i = 0; i < count; ++i) {
        const model::Step &step = walk.steps[i];
        auto inputs = columns_before(analysis, walk, i);
        if (!step.loop.empty()) {
            std::string outputs = i + 1 == count ? part_list(analysis, walk, step.to, inputs)
                                                 : row_list(inputs, columns_before(analysis, walk, i + 1));
            std::string rows = rows_from_arrays(analysis.occurrences[step.from], inputs);
            compiled.statements.push_back({closure_sql(analysis, step, rows, inputs, outputs),
                                           analysis.occurrences[step.to].reader, step.to});
            continue;
        }
        std::string outputs = i + 1 == count
                                  ? part_list(analysis, walk, -1, {})
                                  : column_list(analysis.occurrences[step.to], columns_before(analysis, walk, i + 1));
        compiled.statements.push_back(
            {step_sql(analysis, step, inputs, outputs), analysis.occurrences[step.to].reader, step.to});
    }
    if (count > 0)
        return compiled;
    if (compiled.seed_columns.empty()) {          // a constant key: any change touches the one document
        compiled.statements.push_back({"SELECT " + part_list(analysis, walk, -1, {}), 0, -1});
    } else if (parts_are_columns(walk)) {
        for (const model::Target::Part &part : walk.parts) {
            auto at = std::find(compiled.seed_columns.begin(), compiled.seed_columns.end(),
                                part.expression.inputs.front().attribute);
            compiled.direct.push_back(static_cast<std::size_t>(at - compiled.seed_columns.begin()));
        }
    } else {
        compiled.statements.push_back({fmt::format("SELECT {} FROM {}",
                                                   part_list(analysis, walk, occurrence, compiled.seed_columns),
                                                   rows_from_arrays(analysis.occurrences[occurrence], compiled.seed_columns)),
                                       0, -1});
    }
    return compiled;
}

}  // namespace tviews::plan
