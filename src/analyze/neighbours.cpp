// Separating rows from their neighbours; see neighbours.hpp.
#include "analyze/neighbours.hpp"

#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

bool looks_at_single_rows_otherwise(const Query *query)
{
    return query->groupClause == nullptr && query->groupingSets == nullptr && !query->hasAggs && query->havingQual == nullptr &&
           query->limitCount == nullptr && query->limitOffset == nullptr && query->setOperations == nullptr &&
           !query->hasTargetSRFs && (query->distinctClause == nullptr || (query->hasDistinctOn && !query->hasWindowFuncs));
}

// What all windows are partitioned by.
std::vector<SortGroupClause *> common_partition(const Query *query)
{
    std::vector<SortGroupClause *> common;
    if (!query->hasWindowFuncs) {
        for (auto *clause : pg::items<SortGroupClause>(query->distinctClause))
            common.push_back(clause);
        return common;
    }
    auto *first = static_cast<WindowClause *>(pg::nth(query->windowClause, 0));
    for (auto *clause : pg::items<SortGroupClause>(first->partitionClause)) {
        bool everywhere = true;
        for (auto *window : pg::items<WindowClause>(query->windowClause))
            everywhere &= pg::in_clauses(clause->tleSortGroupRef, window->partitionClause);
        if (everywhere)
            common.push_back(clause);
    }
    return common;
}

// A column that is never NULL in any row of this query level.  C-side: may raise.
bool is_never_null(const Query *query, Node *expression)
{
    if (!IsA(expression, Var))
        return false;
    auto *var = reinterpret_cast<Var *>(expression);
    auto *rte = static_cast<RangeTblEntry *>(list_nth(query->rtable, var->varno - 1));
    if (var->varlevelsup != 0 || var->varattno <= 0 || rte->rtekind != RTE_RELATION || rte->relkind == RELKIND_VIEW)
        return false;
    for (int i = 0; i < list_length(query->rtable); ++i) {
        auto *join = static_cast<RangeTblEntry *>(list_nth(query->rtable, i));
        if (join->rtekind == RTE_JOIN && join->jointype != JOIN_INNER)
            return false;
    }
    HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(rte->relid), Int16GetDatum(var->varattno));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool not_null = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
    ReleaseSysCache(tuple);
    return not_null;
}

// The row's value is its neighbour's, in the subquery; NULLs are one group.  C-side: may raise.
Node *same_value(const Query *query, const SortGroupClause *clause)
{
    Node *here = get_sortgroupclause_expr(const_cast<SortGroupClause *>(clause), query->targetList);
    auto *inside = static_cast<Node *>(copyObjectImpl(here)), *outside = static_cast<Node *>(copyObjectImpl(here));
    IncrementVarSublevelsUp(inside, 1, 1);        // what it has of a query further out is farther from there
    IncrementVarSublevelsUp(outside, 1, 0);
    bool plain = is_never_null(query, here);
    Expr *comparison = make_opclause(clause->eqop, BOOLOID, false, reinterpret_cast<Expr *>(inside),
                                     reinterpret_cast<Expr *>(outside), InvalidOid, exprCollation(here));
    set_opfuncid(reinterpret_cast<OpExpr *>(comparison));
    if (plain)
        return reinterpret_cast<Node *>(comparison);
    NodeSetTag(comparison, T_DistinctExpr);
    return reinterpret_cast<Node *>(make_notclause(comparison));
}

// The query once more, for its neighbours alone.
Query *neighbours_of(const Query *query, const std::vector<SortGroupClause *> &partition)
{
    return pg::call([&] {
        auto *copy = static_cast<Query *>(copyObjectImpl(query));
        IncrementVarSublevelsUp(reinterpret_cast<Node *>(copy), 1, 1);
        Node *quals = copy->jointree->quals;
        for (const SortGroupClause *clause : partition)
            quals = make_and_qual(quals, same_value(query, clause));
        copy->jointree->quals = quals;
        List *targets = NIL;                      // what decides neither order nor groups has no effect on others
        for (int i = 0; i < list_length(copy->targetList); ++i) {
            auto *entry = static_cast<TargetEntry *>(list_nth(copy->targetList, i));
            if (entry->ressortgroupref != 0 || contain_windowfuncs(reinterpret_cast<Node *>(entry->expr)))
                targets = lappend(targets, entry);
        }
        copy->targetList = targets;
        return copy;
    });
}

SubLink *make_sublink(SubLinkType type, Query *subquery)
{
    return pg::call([&] {
        auto *sublink = makeNode(SubLink);
        sublink->subLinkType = type;
        sublink->subselect = reinterpret_cast<Node *>(subquery);
        sublink->location = -1;
        return sublink;
    });
}

// Puts the subquery in place of every window function.
Node *without_windows(Node *node, SubLink *sublink)
{
    if (node == nullptr || IsA(node, Query))
        return node;
    if (IsA(node, WindowFunc))
        return reinterpret_cast<Node *>(sublink);
    return pg::mutate_children(node, [&](Node *child) { return without_windows(child, sublink); });
}

// Without windows and groups only ORDER BY needs columns that are not shown, and only where somebody reads the rows in order.
void drop_junk(Query *query, bool ordered)
{
    if (!ordered)
        query->sortClause = nullptr;
    List *needed = nullptr;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (!entry->resjunk || pg::in_clauses(entry->ressortgroupref, query->sortClause))
            needed = pg::call(lappend, needed, static_cast<void *>(entry));
    query->targetList = needed;
}

}  // namespace

bool separate_neighbours(Query *query, bool ordered, std::set<const Query *> &subqueries)
{
    if ((!query->hasWindowFuncs && !query->hasDistinctOn) || subqueries.count(query) != 0 ||
        !looks_at_single_rows_otherwise(query))
        return false;
    std::vector<SortGroupClause *> partition = common_partition(query);
    if (partition.empty())
        return false;
    Query *neighbours = neighbours_of(query, partition);
    subqueries.insert(neighbours);
    if (query->hasWindowFuncs) {
        SubLink *sublink = make_sublink(EXPR_SUBLINK, neighbours);
        for (auto *entry : pg::items<TargetEntry>(query->targetList))
            entry->expr = reinterpret_cast<Expr *>(without_windows(reinterpret_cast<Node *>(entry->expr), sublink));
        query->windowClause = nullptr;
        query->hasWindowFuncs = false;
    } else {
        auto *sublink = reinterpret_cast<Node *>(make_sublink(EXISTS_SUBLINK, neighbours));
        query->jointree->quals = pg::call([&] { return make_and_qual(query->jointree->quals, sublink); });
        query->distinctClause = nullptr;
        query->hasDistinctOn = false;
    }
    query->hasSubLinks = true;
    drop_junk(query, ordered);
    return true;
}

}  // namespace tviews::analyze
