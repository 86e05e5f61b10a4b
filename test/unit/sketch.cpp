// Drawing analyses by hand; see sketch.hpp.
#include "sketch.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>

namespace tviews::test {

model::Occurrence &Sketch::table(const std::string &path, const std::string &table, std::initializer_list<Column> columns,
                                 const std::vector<int> &branches)
{
    model::Occurrence occurrence;
    occurrence.relation_name = "public." + table;
    occurrence.path = path;
    occurrence.branches = branches;
    const model::Type row{0, occurrence.relation_name, occurrence.relation_name + "[]", ""};
    occurrence.attributes.push_back({model::whole_row, "", row});
    for (const Column &column : columns) {
        auto number = static_cast<model::AttributeNumber>(occurrence.attributes.size());
        occurrence.attributes.push_back({number, column.name, column.type});
    }
    analysis.occurrences.push_back(occurrence);
    return analysis.occurrences.back();
}

int Sketch::number(const std::string &path) const
{
    for (std::size_t i = 0; i < analysis.occurrences.size(); ++i)
        if (analysis.occurrences[i].path == path)
            return static_cast<int>(i);
    throw std::invalid_argument("no occurrence " + path);
}

model::ColumnRef Sketch::column(const std::string &path_and_column) const
{
    std::size_t dot = path_and_column.rfind('.');
    int occurrence = number(path_and_column.substr(0, dot));
    std::string name = path_and_column.substr(dot + 1);
    for (const model::Attribute &attribute : analysis.occurrences[occurrence].attributes)
        if (attribute.name == (name == "*" ? "" : name))
            return {occurrence, attribute.number};
    throw std::invalid_argument("no column " + path_and_column);
}

model::Attribute &Sketch::attribute(const std::string &path_and_column)
{
    model::ColumnRef found = column(path_and_column);
    return analysis.occurrences[found.occurrence].attributes[found.attribute];
}

model::Expression Sketch::expression(const std::string &sql) const
{
    static const std::regex name(R"(\b([a-z][a-z0-9_.]*\.)?[a-z][a-z0-9_]*\.(\w+|\*))");
    model::Expression expression;
    std::size_t copied = 0;
    for (std::sregex_iterator at(sql.begin(), sql.end(), name), end; at != end; ++at) {
        auto start = static_cast<std::size_t>(at->position());
        std::string after = sql.substr(start + at->length(), 1);
        if (after == "(")                         // a function's name
            continue;
        model::ColumnRef input = column(at->str());
        auto known = std::find(expression.inputs.begin(), expression.inputs.end(), input);
        expression.text += sql.substr(copied, start - copied);
        expression.text += "$" + std::to_string(known - expression.inputs.begin() + 1);
        if (known == expression.inputs.end())
            expression.inputs.push_back(input);
        copied = start + at->length();
    }
    expression.text += sql.substr(copied);
    return expression;
}

int Sketch::condition(const std::string &sql)
{
    analysis.conditions.push_back({expression(sql), std::nullopt});
    return static_cast<int>(analysis.conditions.size()) - 1;
}

int Sketch::equality(const std::string &left, const std::string &right, bool same_type)
{
    int made = condition("(" + left + " = " + right + ")");
    analysis.conditions[made].equality = model::Equality{expression(left), expression(right), same_type};
    return made;
}

void Sketch::hop(const std::string &from, const std::string &to, int condition, std::optional<int> into_branch)
{
    std::vector<int> branches;
    if (into_branch)
        branches.push_back(*into_branch);
    analysis.hops.push_back({number(from), number(to), condition, branches});
}

void Sketch::both_ways(const std::string &one, const std::string &other, int condition)
{
    hop(one, other, condition);
    hop(other, one, condition);
}

void Sketch::join(const std::string &left, const std::string &right)
{
    outer_join(left, right);
    model::Hop there = analysis.hops.back();
    analysis.hops.push_back({there.to, there.from, there.condition, there.branches});
}

void Sketch::outer_join(const std::string &left, const std::string &right)
{
    int made = equality(left, right);
    const model::Equality &sides = *analysis.conditions[made].equality;
    analysis.hops.push_back({*sides.left.occurrences().begin(), *sides.right.occurrences().begin(), made, {}});
}

void Sketch::obstacle(const std::string &path, const std::string &condition, const std::string &reason)
{
    model::Obstacle obstacle{number(path), std::nullopt, reason};
    if (!condition.empty())
        obstacle.condition = expression(condition);
    analysis.obstacles.push_back(obstacle);
}

model::Target Sketch::target(const std::vector<std::string> &values, int first_column) const
{
    model::Target target;
    for (const std::string &value : values) {
        target.parts.push_back({first_column++, expression(value)});
        for (int occurrence : target.parts.back().expression.occurrences())
            target.occurrence = occurrence;
    }
    return target;
}

void Sketch::alternative(const std::vector<model::Target> &targets, const std::vector<int> &branches)
{
    analysis.alternatives.push_back({targets, branches});
}

model::Route Sketch::route(const std::string &path) const
{
    return model::find_routes(analysis).at(number(path));
}

std::string Sketch::shown_route(const std::string &path) const
{
    model::Route found = route(path);
    std::string shown = found.everything ? "everything: " + found.reason : "";
    for (const model::Walk &walk : found.walks)
        shown += (shown.empty() ? "" : "; ") + shown_walk(number(path), walk);
    return shown;
}

std::string Sketch::shown_walk(int from, const model::Walk &walk) const
{
    std::string shown = analysis.occurrences[from].path;
    for (const model::Step &step : walk.steps) {
        const std::string &path = analysis.occurrences[step.to].path;
        const char *arrow = step.loop.empty() ? " -> " : step.arrives == model::Turn::last ? " ->> " : " <<- ";
        shown += step.elided ? " (-> " + path + ")" : arrow + path;
    }
    const char *separator = ": ";
    for (const model::Target::Part &part : walk.parts) {
        shown += separator + analysis.key[part.key_column].name + " = " + describe(analysis, part.expression);
        separator = ", ";
    }
    return shown;
}

Sketch blog()
{
    Sketch sketch;
    sketch.table("p", "tb_post", {"pk_post", "fk_user", {"title", text}});
    sketch.table("u", "tb_user", {"pk_user", {"name", text}});
    sketch.table("c", "tb_comment", {"pk_comment", "fk_post", "fk_user", {"body", text}});
    sketch.join("u.pk_user", "p.fk_user");
    sketch.outer_join("c.fk_post", "p.pk_post");
    sketch.analysis.key = {{"pk_post", integer, "OPERATOR(pg_catalog.=)"}};
    sketch.alternative({sketch.target({"p.pk_post"})});
    return sketch;
}

}  // namespace tviews::test
