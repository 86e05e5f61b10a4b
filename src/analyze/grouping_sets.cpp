// Expressions in each grouping set; see grouping_sets.hpp.
#include "analyze/grouping_sets.hpp"

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

}  // namespace

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
