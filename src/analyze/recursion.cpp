// Recognizing recursions that can be walked through; see recursion.hpp.
#include "analyze/recursion.hpp"

#include "pg/list.hpp"

namespace tviews::analyze {

namespace {

// The SELECT at one side of the union, if it is one SELECT.
const Query *side(const Query *query, Node *node, int expected_rti)
{
    if (node == nullptr || !IsA(node, RangeTblRef) || reinterpret_cast<RangeTblRef *>(node)->rtindex != expected_rti)
        return nullptr;
    auto *rte = static_cast<RangeTblEntry *>(pg::nth(query->rtable, expected_rti - 1));
    return rte->rtekind == RTE_SUBQUERY ? rte->subquery : nullptr;
}

bool reads_itself(const Query *step)
{
    for (auto *rte : pg::items<RangeTblEntry>(step->rtable))
        if (rte->rtekind == RTE_CTE && rte->self_reference)
            return true;
    return false;
}

void pair_earlier(Scope *earlier, const Scope *later, std::vector<model::Occurrence> &occurrences)
{
    earlier->later = later;
    for (std::size_t rti = 1; rti < earlier->sources.size(); ++rti) {
        const Source &one = earlier->sources[rti], &other = later->sources[rti];
        if (one.kind == Source::relation)
            occurrences[one.occurrence].earlier = other.occurrence;
        else if (one.kind == Source::subquery)
            pair_earlier(one.scope, other.scope, occurrences);
    }
    for (std::size_t i = 0; i < earlier->sublinks.size() && i < later->sublinks.size(); ++i)
        pair_earlier(earlier->sublinks[i].second, later->sublinks[i].second, occurrences);
}

}  // namespace

bool can_walk_recursion(const Query *query)
{
    auto *operation = reinterpret_cast<SetOperationStmt *>(query->setOperations);
    if (operation == nullptr || operation->op != SETOP_UNION || query->limitCount != nullptr || query->limitOffset != nullptr)
        return false;
    const Query *base = side(query, operation->larg, 1), *step = side(query, operation->rarg, 2);
    if (base == nullptr || step == nullptr || !reads_itself(step))
        return false;
    // What looks at several rows of a turn together does not tell whose row it gives.
    return step->setOperations == nullptr && step->groupClause == nullptr && step->groupingSets == nullptr &&
           step->distinctClause == nullptr && step->limitCount == nullptr && step->limitOffset == nullptr && !step->hasAggs &&
           step->havingQual == nullptr && !step->hasWindowFuncs;
}

bool hands_on(const Scope *recursion, AttrNumber resno)
{
    const Scope *step = recursion->step();
    for (auto *entry : pg::items<TargetEntry>(step->query->targetList)) {
        if (entry->resno != resno || !IsA(entry->expr, Var))
            continue;
        auto *var = reinterpret_cast<Var *>(entry->expr);
        if (var->varlevelsup != 0 || var->varattno != resno)
            return false;
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(step->query->rtable, static_cast<int>(var->varno) - 1));
        return rte->rtekind == RTE_CTE && rte->self_reference;
    }
    return false;
}

void mark_recursions(const ScopeTree &tree, std::vector<model::Occurrence> &occurrences)
{
    for (int i = 0; i < static_cast<int>(occurrences.size()); ++i)
        for (Scope *at = tree.scope_of(i); at != nullptr && !at->earlier && occurrences[i].recursion < 0; at = at->consumer)
            if (at->is_step())
                occurrences[i].recursion = at->consumer->id;
    for (const auto &scope : tree.scopes())
        if (scope->recursion && scope->earlier && !scope->consumer->earlier)
            pair_earlier(scope.get(), scope->consumer->consumer, occurrences);
    for (model::Occurrence &occurrence : occurrences)
        if (occurrence.earlier >= 0)
            occurrence.path = "earlier " + occurrences[occurrence.earlier].path;
}

}  // namespace tviews::analyze
