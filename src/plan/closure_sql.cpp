// Writing the SQL of closures; see closure_sql.hpp.
//
//     WITH RECURSIVE w AS (SELECT x.c1, x.c2 FROM rows x
//                          UNION SELECT y1.pk, y1.fk FROM (SELECT c1, c2 FROM w) AS x, tb_category AS y1 WHERE y1.fk = x.c1)
//     SELECT x.c1 FROM (SELECT c1, c2 FROM w) AS x
//
// UNION takes equal values for one another and wants to hash them.  Where equal values can differ, as 1.0 and 1.00 do, w
// holds them as text.
#include "plan/closure_sql.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "plan/identifier.hpp"
#include "plan/walk_sql.hpp"

namespace tviews::plan {

namespace {

using model::AttributeNumber;

std::string joined(const std::string &list, const char *separator, const std::string &item)
{
    return list.empty() ? item : list + separator + item;
}

std::string kept(const std::string &value, const model::Type &type)
{
    return type.discrete ? value : "(" + value + ")::pg_catalog.text";
}

// The rows of w as they were before they were kept.
std::string kept_rows(const model::Occurrence &occurrence, const std::vector<AttributeNumber> &columns)
{
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const model::Type &type = occurrence.attribute(columns[i])->type;
        std::string value = fmt::format("c{}", i + 1);
        if (!type.discrete)
            value += "::" + type.name + (type.collation.empty() ? "" : " COLLATE " + type.collation) + " AS " + value;
        list = joined(list, ", ", value);
    }
    return "(SELECT " + list + " FROM w) AS x";
}

std::size_t position(const std::vector<AttributeNumber> &columns, AttributeNumber number)
{
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), number) - columns.begin()) + 1;
}

// FROM items and conditions of the loop, whose n-th table is yn.
struct Loop {
    std::string from;
    std::string where;
};

Loop write_loop(const model::Analysis &analysis, const std::vector<model::Step> &steps,
                const std::vector<AttributeNumber> &columns)
{
    Loop loop;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const model::Occurrence &to = analysis.occurrences[steps[i].to];
        loop.from += fmt::format(", {}{} AS y{}", to.inherit ? "" : "ONLY ", to.relation_name, i + 1);
        for (int c : steps[i].conditions)
            loop.where = joined(loop.where, " AND ", analysis.conditions[c].expression.render([&](const model::ColumnRef &input) {
                if (input.occurrence == steps[i].to)
                    return column_of(analysis.occurrences[input.occurrence], input.attribute, fmt::format("y{}", i + 1));
                return i == 0 ? fmt::format("x.c{}", position(columns, input.attribute))
                              : column_of(analysis.occurrences[input.occurrence], input.attribute, fmt::format("y{}", i));
            }));
    }
    return loop;
}

}  // namespace

std::string closure_sql(const model::Analysis &analysis, int number, const std::vector<model::Step> &steps, const std::string &rows,
                        const std::vector<AttributeNumber> &columns, const std::string &outputs)
{
    const model::Occurrence &occurrence = analysis.occurrences[number];
    Loop loop = write_loop(analysis, steps, columns);
    std::string start, next;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const model::Type &type = occurrence.attribute(columns[i])->type;
        start = joined(start, ", ", kept(fmt::format("x.c{}", i + 1), type) + fmt::format(" AS c{}", i + 1));
        next = joined(next, ", ", kept(column_of(occurrence, columns[i], fmt::format("y{}", steps.size())), type));
    }
    std::string kept_x = kept_rows(occurrence, columns);
    return fmt::format("WITH RECURSIVE w AS (SELECT {} FROM {} UNION SELECT {} FROM {}{} WHERE {}) SELECT {} FROM {}", start, rows,
                       next, kept_x, loop.from, loop.where, outputs, kept_x);
}

}  // namespace tviews::plan
