// Expressions in each grouping set; see grouping_sets.hpp.
#include "analyze/grouping_sets.hpp"

#include <map>
#include <utility>

#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

bool in_set(const List *set, Index reference)
{
    for (int i = 0; i < pg::length(set); ++i)
        if (lfirst_int(&set->elements[i]) == static_cast<int>(reference))
            return true;
    return false;
}

// The argument's bit of GROUPING(): 1 if the set does not group by it.
Node *grouping_value(const GroupingFunc *function, const List *set)
{
    int bits = 0;
    for (int i = 0; i < pg::length(function->refs); ++i)
        bits = bits * 2 + (in_set(set, static_cast<Index>(lfirst_int(&function->refs->elements[i]))) ? 0 : 1);
    return pg::call([&] {
        return reinterpret_cast<Node *>(makeConst(INT4OID, -1, InvalidOid, sizeof(int32), Int32GetDatum(bits), false, true));
    });
}

class Specializer {
public:
    Specializer(const Query *query, const List *set) : query_(query), set_(set) {}

    Node *change(Node *node)
    {
        if (node == nullptr || IsA(node, Query) || IsA(node, Aggref))
            return node;
        if (IsA(node, GroupingFunc) && reinterpret_cast<GroupingFunc *>(node)->agglevelsup == 0)
            return grouping_value(reinterpret_cast<GroupingFunc *>(node), set_);
        for (auto *clause : pg::items<SortGroupClause>(query_->groupClause)) {
            Node *grouped = pg::call([&] { return get_sortgroupclause_expr(clause, query_->targetList); });
            if (pg::call(equal, static_cast<const void *>(grouped), static_cast<const void *>(node)))
                return in_set(set_, clause->tleSortGroupRef) ? node : null_like(node);
        }
        return pg::mutate_children(node, [&](Node *child) { return change(child); });
    }

private:
    static Node *null_like(Node *node)
    {
        return pg::call([&] {
            return reinterpret_cast<Node *>(makeNullConst(exprType(node), exprTypmod(node), exprCollation(node)));
        });
    }

    const Query *query_;
    const List *set_;
};

// Rewrites the columns of a scope as what they are below subqueries that only hand them on; varno becomes a number of its own for each
// range table entry of each scope.
class Underlying {
public:
    Node *change(const Scope *scope, Node *node)
    {
        if (node == nullptr || !IsA(node, Var))
            return node == nullptr ? nullptr : pg::mutate_children(node, [&](Node *child) { return change(scope, child); });
        auto *var = reinterpret_cast<Var *>(node);
        if (var->varlevelsup > 0)
            return node;
        if (Node *handed_on = below(scope, var))
            return handed_on;
        auto *copy = reinterpret_cast<Var *>(pg::call(copyObjectImpl, static_cast<const void *>(var)));
        copy->varno = numbers_.emplace(std::pair(scope, static_cast<int>(var->varno)), static_cast<int>(numbers_.size()) + 1).first->second;
        return reinterpret_cast<Node *>(copy);
    }

private:
    // What the column is one level down, if it is a column there too.
    Node *below(const Scope *scope, const Var *var)
    {
        const Source &source = scope->sources[static_cast<std::size_t>(var->varno)];
        Node *inner = nullptr;
        if (source.kind == Source::join && var->varattno > 0) {
            auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, static_cast<int>(var->varno) - 1));
            inner = static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1));
        } else if (source.kind == Source::subquery && var->varattno > 0) {
            scope = source.scope;
            for (auto *entry : pg::items<TargetEntry>(scope->query->targetList))
                if (entry->resno == var->varattno && scope->branches.empty())
                    inner = reinterpret_cast<Node *>(entry->expr);
        }
        bool column = inner != nullptr && IsA(inner, Var) && reinterpret_cast<Var *>(inner)->varlevelsup == 0;
        return column ? change(scope, inner) : nullptr;
    }

    std::map<std::pair<const Scope *, int>, int> numbers_;
};

}  // namespace

bool has_twin_grouping_columns(const Scope *scope)
{
    Underlying underlying;
    std::vector<Node *> known;
    for (auto *clause : pg::items<SortGroupClause>(scope->query->groupClause)) {
        Node *grouped = pg::call([&] { return get_sortgroupclause_expr(clause, scope->query->targetList); });
        Node *column = underlying.change(scope, grouped);
        for (Node *other : known)
            if (pg::call(equal, static_cast<const void *>(other), static_cast<const void *>(column)))
                return true;
        known.push_back(column);
    }
    return false;
}

std::vector<Expr *> in_each_grouping_set(const Query *query, const TargetEntry *entry)
{
    std::vector<Expr *> found;
    if (query->groupingSets == nullptr)
        return found;
    List *sets = pg::call(expand_grouping_sets, query->groupingSets, false, -1);
    for (int i = 0; i < pg::length(sets); ++i) {
        auto *set = static_cast<List *>(lfirst(&sets->elements[i]));
        Node *special = Specializer(query, set).change(reinterpret_cast<Node *>(entry->expr));
        found.push_back(reinterpret_cast<Expr *>(pg::call(eval_const_expressions, static_cast<PlannerInfo *>(nullptr), special)));
    }
    return found;
}

}  // namespace tviews::analyze
