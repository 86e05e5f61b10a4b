// Finding shared values; see shared_values.hpp.
#include "analyze/shared_values.hpp"

#include <map>

#include "analyze/analyze.hpp"
#include "analyze/expression.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// Whether something in `node`, `depth` queries below the one asked about, points outside of that one.
bool reaches_out(Node *node, Index depth)
{
    auto inside = [&](Node *child) { return reaches_out(child, depth); };
    if (node == nullptr)
        return false;
    switch (nodeTag(node)) {
    case T_Var:
        return reinterpret_cast<Var *>(node)->varlevelsup > depth;
    case T_RangeTblEntry: {           // its parts are visited by themselves
        auto *rte = reinterpret_cast<RangeTblEntry *>(node);
        return rte->rtekind == RTE_CTE && rte->ctelevelsup > depth;
    }
    case T_Query:
        return pg::walk_query_children(reinterpret_cast<Query *>(node), QTW_EXAMINE_RTES_BEFORE,
                                       [&](Node *child) { return reaches_out(child, depth + 1); });
    case T_Aggref:
        return reinterpret_cast<Aggref *>(node)->agglevelsup > depth || pg::walk_children(node, inside);
    case T_GroupingFunc:
        return reinterpret_cast<GroupingFunc *>(node)->agglevelsup > depth || pg::walk_children(node, inside);
    default:
        return pg::walk_children(node, inside);
    }
}

// Whether the text of the query would mean something else under another search_path.
bool reads_by_search_path(Node *node)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Query))
        return pg::walk_query_children(reinterpret_cast<Query *>(node), 0, reads_by_search_path);
    return leaves_operator_open(node) || pg::walk_children(node, reads_by_search_path);
}

bool stands_alone(const Scope *scope)
{
    if ((scope->kind != Scope::derived && scope->kind != Scope::sublink) || scope->earlier || scope->recursive ||
        scope->calling.unlinked || reads_by_search_path(reinterpret_cast<Node *>(scope->written)))
        return false;
    return !pg::walk_query_children(scope->written, QTW_EXAMINE_RTES_BEFORE, [](Node *child) { return reaches_out(child, 0); });
}

// The outermost subquery round the occurrence that looks at nothing outside.
const Scope *subquery_of(const ScopeTree &tree, int occurrence)
{
    const Scope *found = nullptr;
    for (const Scope *at = tree.scope_of(occurrence); at != nullptr; at = at->consumer)
        if (stands_alone(at) && !tree.is_rewritten(at) && (at->reader == at->calling.role || !tree.functions().are_called()))
            found = at;       // by itself it calls functions as whoever reads its tables
    return found;
}

SubLinkType sublink_type(const Scope *scope)
{
    for (const auto &[sublink, inner] : scope->consumer->sublinks)
        if (inner == scope)
            return sublink->subLinkType;
    return EXPR_SUBLINK;
}

std::string subquery_sql(const Scope *scope)
{
    std::string text = query_text(scope->written);
    SubLinkType type = scope->kind == Scope::sublink ? sublink_type(scope) : EXPR_SUBLINK;
    return type == EXISTS_SUBLINK ? "SELECT EXISTS (" + text + ")" : type == ARRAY_SUBLINK ? "SELECT ARRAY(" + text + ")" : text;
}

// Whether the occurrence's rows may decide the order of the subquery's; that of a function's result is not known.
bool decides_order(const Scope *of_occurrence, const Scope *subquery)
{
    for (const Scope *at = of_occurrence; at != subquery->consumer; at = at->consumer)
        if (at->written->sortClause != nullptr || at->kind == Scope::called)
            return true;
    return false;
}

std::string table_sql(const model::Occurrence &occurrence)
{
    auto column = [&](model::AttributeNumber number) -> std::string {
        if (number == model::whole_row)       // not y: that would be a column of this name, if there is one
            return "((y.*)::" + occurrence.attribute(number)->type.name + ")";
        return pg::call([&]() -> const char * {
            return psprintf("y.%s", quote_identifier(occurrence.attribute(number)->name.c_str()));
        });
    };
    std::string columns, filters;
    for (model::AttributeNumber number : occurrence.used)
        columns += (columns.empty() ? "" : ", ") + column(number);
    for (const model::Expression &filter : occurrence.filters)
        filters += (filters.empty() ? "" : " AND ") + filter.render([&](const model::ColumnRef &input) {
            return column(input.attribute);
        });
    return "SELECT " + columns + " FROM " + (occurrence.inherit ? "" : "ONLY ") + occurrence.relation_name + " AS y WHERE " +
           filters;
}

}  // namespace

void find_shared_values(const ScopeTree &tree, model::Analysis &analysis)
{
    std::map<const Scope *, int> known;
    for (int i = 0; i < static_cast<int>(analysis.occurrences.size()); ++i) {
        model::Occurrence &occurrence = analysis.occurrences[i];
        const Scope *scope = subquery_of(tree, i);
        if (occurrence.earlier >= 0 || (scope == nullptr && occurrence.filters.empty()))
            continue;
        auto next = static_cast<int>(analysis.shared_values.size());
        if (scope == nullptr)
            analysis.shared_values.push_back({table_sql(occurrence), occurrence.path, occurrence.reader});
        else if (known.try_emplace(scope, next).second)
            analysis.shared_values.push_back({subquery_sql(scope), scope->path, scope->reader});
        occurrence.shared_value = scope == nullptr ? next : known.at(scope);
        if (scope != nullptr && decides_order(tree.scope_of(i), scope))
            analysis.shared_values[occurrence.shared_value].ordered = true;
    }
}

}  // namespace tviews::analyze
