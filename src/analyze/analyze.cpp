// The order of the analysis' steps, and the columns of its occurrences; see analyze.hpp.
#include "analyze/analyze.hpp"

#include <set>

#include "analyze/conditions.hpp"
#include "analyze/copies.hpp"
#include "analyze/key.hpp"
#include "analyze/names.hpp"
#include "analyze/recursion.hpp"
#include "analyze/scope.hpp"
#include "analyze/shared_values.hpp"
#include "model/route.hpp"
#include "pg/list.hpp"

namespace tviews::analyze {

namespace {

void note_columns(const model::Expression &expression, std::vector<std::set<model::AttributeNumber>> &columns)
{
    for (const model::ColumnRef &input : expression.inputs)
        columns[input.occurrence].insert(input.attribute);
}

model::Attribute describe_attribute(Oid relation, model::AttributeNumber number)
{
    if (number == model::whole_row)
        return {number, "", describe_type(pg::call(get_rel_type_id, relation), InvalidOid)};
    struct Facts {
        const char *name;
        Oid type, collation;
    };
    Facts facts = pg::call([&] {
        Facts found{get_attname(relation, number, false), InvalidOid, InvalidOid};
        int32 typmod;
        get_atttypetypmodcoll(relation, number, &found.type, &typmod, &found.collation);
        return found;
    });
    return {number, facts.name, describe_type(facts.type, facts.collation)};
}

// Describes every column that is used or stands in a condition or key expression.
void describe_columns(model::Analysis &analysis)
{
    std::vector<std::set<model::AttributeNumber>> columns(analysis.occurrences.size());
    for (std::size_t i = 0; i < columns.size(); ++i)
        columns[i] = analysis.occurrences[i].used;
    for (const model::Occurrence &occurrence : analysis.occurrences)
        for (const model::Expression &filter : occurrence.filters)
            note_columns(filter, columns);
    for (const model::Condition &condition : analysis.conditions)
        note_columns(condition.expression, columns);
    for (const model::Obstacle &obstacle : analysis.obstacles)
        if (obstacle.condition)
            note_columns(*obstacle.condition, columns);
    for (const model::Alternative &alternative : analysis.alternatives)
        for (const model::Target &target : alternative.targets)
            for (const model::Target::Part &part : target.parts)
                note_columns(part.expression, columns);
    for (const model::CopiedRow &row : analysis.copied_rows) {
        columns[row.occurrence].insert(row.identity.begin(), row.identity.end());
        for (const model::CopiedArray &array : row.arrays)
            for (const model::Copy &copy : array.identity)
                columns[array.occurrence].insert(copy.column());
    }
    for (std::size_t i = 0; i < columns.size(); ++i)      // an earlier row's columns are read of the later one
        if (analysis.occurrences[i].earlier >= 0)
            columns[analysis.occurrences[i].earlier].insert(columns[i].begin(), columns[i].end());
    for (std::size_t i = 0; i < columns.size(); ++i)
        for (model::AttributeNumber number : columns[i])
            analysis.occurrences[i].attributes.push_back(describe_attribute(analysis.occurrences[i].relation, number));
}

model::SetOperation describe_operation(const Scope *scope)
{
    model::SetOperation operation;
    for (const Scope *branch : scope->branches)
        operation.branches.push_back(branch->id);
    for (const Scope *at = scope; at != nullptr; at = at->consumer)
        if (at->kind == Scope::branch)
            operation.inside.push_back(at->id);
    return operation;
}

std::vector<Oid> expanded_views(const ScopeTree &tree)
{
    std::set<Oid> views;
    for (const auto &scope : tree.scopes())
        for (auto *rte : pg::items<RangeTblEntry>(scope->query->rtable))
            if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_VIEW)
                views.insert(rte->relid);
    return {views.begin(), views.end()};
}

Result analyze_tree(ScopeTree tree, const std::vector<std::string> &key)
{
    Result result;
    model::Analysis &analysis = result.analysis;
    analysis.occurrences = tree.occurrences();
    mark_recursions(tree, analysis.occurrences);
    for (const auto &scope : tree.scopes())
        if (!scope->branches.empty() && !scope->earlier)
            analysis.set_operations.push_back(describe_operation(scope.get()));
    find_hops(tree, analysis);
    find_key(tree, key, analysis);
    find_copies(tree, analysis);
    describe_columns(analysis);
    find_shared_values(tree, analysis);
    result.views = expanded_views(tree);
    result.functions = tree.functions().met();
    result.texts = tree.functions().texts();
    return result;
}

// How many relations have to be compared in full when they change.
std::size_t relations_without_route(const model::Analysis &analysis)
{
    std::set<model::ObjectId> relations;
    auto routes = model::find_routes(analysis);
    for (std::size_t i = 0; i < routes.size(); ++i)
        if (routes[i].everything)
            relations.insert(analysis.occurrences[i].relation);
    return relations.size();
}

}  // namespace

Query *stored_query(Oid view)
{
    return pg::call([&] {
        Relation relation = relation_open(view, AccessShareLock);
        auto *copy = static_cast<Query *>(copyObjectImpl(get_view_query(relation)));
        relation_close(relation, NoLock);
        return copy;
    });
}

Result analyze(const Query *query, const std::vector<std::string> &key, const Environment &environment)
{
    QualifiedNames qualified;
    Result plain = analyze_tree(ScopeTree(static_cast<Query *>(pg::call(copyObjectImpl, query)), environment), key);
    std::size_t without_route = relations_without_route(plain.analysis);
    if (without_route == 0)
        return plain;
    ScopeTree tree(static_cast<Query *>(pg::call(copyObjectImpl, query)), environment, true);
    if (!tree.has_neighbours())
        return plain;
    Result separated = analyze_tree(std::move(tree), key);
    return relations_without_route(separated.analysis) < without_route ? separated : plain;
}

Result analyze_view(Oid view, const std::vector<std::string> &key, const Environment &environment)
{
    return analyze(stored_query(view), key, environment);
}

std::string query_text(const Query *query)
{
    QualifiedNames qualified;
    return pg::call([&]() -> const char * {
        return pg_get_querydef(static_cast<Query *>(copyObjectImpl(query)), false);
    });
}

std::string view_text(Oid view)
{
    return query_text(stored_query(view));
}

}  // namespace tviews::analyze
