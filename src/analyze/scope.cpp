// Building the scope tree and its occurrences; see scope.hpp.
#include "analyze/scope.hpp"

#include "analyze/names.hpp"
#include "analyze/neighbours.hpp"
#include "analyze/outer_joins.hpp"
#include "analyze/recursion.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// Empty for the level that PostgreSQL puts round a function's SELECT to convert its columns.
std::string source_name(const RangeTblEntry *rte)
{
    if (rte->eref && rte->eref->aliasname && std::string(rte->eref->aliasname) == "*SELECT*")
        return "";
    return rte->eref && rte->eref->aliasname ? rte->eref->aliasname : "?";
}

// Range table indexes that appear in the join tree (not the OLD and NEW entries a view's rule carries).
void collect_members(Node *node, std::set<int> &members)
{
    if (node == nullptr)
        return;
    if (IsA(node, RangeTblRef)) {
        members.insert(reinterpret_cast<RangeTblRef *>(node)->rtindex);
    } else if (IsA(node, FromExpr)) {
        for (Node *child : pg::nodes(reinterpret_cast<FromExpr *>(node)->fromlist))
            collect_members(child, members);
    } else if (IsA(node, JoinExpr)) {
        auto *join = reinterpret_cast<JoinExpr *>(node);
        if (join->rtindex != 0)
            members.insert(join->rtindex);
        collect_members(join->larg, members);
        collect_members(join->rarg, members);
    } else if (IsA(node, SetOperationStmt)) {
        auto *operation = reinterpret_cast<SetOperationStmt *>(node);
        collect_members(operation->larg, members);
        collect_members(operation->rarg, members);
    }
}

// Adds to `nullable` every range table index an outer join inside `node` can null-extend.
void collect_nullable(Node *node, std::set<int> &nullable)
{
    if (node == nullptr)
        return;
    if (IsA(node, FromExpr)) {
        for (Node *child : pg::nodes(reinterpret_cast<FromExpr *>(node)->fromlist))
            collect_nullable(child, nullable);
    } else if (IsA(node, JoinExpr)) {
        auto *join = reinterpret_cast<JoinExpr *>(node);
        collect_nullable(join->larg, nullable);
        collect_nullable(join->rarg, nullable);
        if (join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL)
            collect_members(join->rarg, nullable);
        if (join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL)
            collect_members(join->larg, nullable);
    }
}

// SELECT r FROM relation r; null if there is no such relation any more.  C-side: may raise.
Query *whole_relation(Oid relation)
{
    Relation open = try_relation_open(relation, AccessShareLock);
    if (open == nullptr)
        return nullptr;
    auto *rte = makeNode(RangeTblEntry);
    rte->rtekind = RTE_RELATION;
    rte->relid = relation;
    rte->relkind = open->rd_rel->relkind;
    rte->rellockmode = AccessShareLock;
    rte->inh = true;
    rte->inFromCl = true;
    rte->eref = makeAlias(RelationGetRelationName(open), NIL);
    for (int i = 0; i < RelationGetNumberOfAttributes(open); ++i)
        rte->eref->colnames = lappend(rte->eref->colnames,
                                      makeString(pstrdup(NameStr(TupleDescAttr(RelationGetDescr(open), i)->attname))));
    relation_close(open, NoLock);
    auto *reference = makeNode(RangeTblRef);
    reference->rtindex = 1;
    auto *query = makeNode(Query);
    query->commandType = CMD_SELECT;
    query->canSetTag = true;
    query->rtable = list_make1(rte);
    query->jointree = makeFromExpr(list_make1(reference), nullptr);
    auto *row = reinterpret_cast<Expr *>(makeWholeRowVar(rte, 1, 0, false));
    query->targetList = list_make1(makeTargetEntry(row, 1, pstrdup("row"), false));
    return query;
}

// Whether a set-returning function in the column decides how many rows there are.
bool gives_rows(const Query *query, const TargetEntry *entry)
{
    return query->hasTargetSRFs && pg::call(expression_returns_set, reinterpret_cast<Node *>(entry->expr));
}

}  // namespace

Scope *Scope::sublink_scope(const SubLink *sublink) const
{
    for (const auto &[known, scope] : sublinks)
        if (known == sublink)
            return scope;
    return nullptr;
}

bool ScopeTree::is_rewritten(const Scope *scope) const
{
    for (const auto &made : scopes_) {
        if (neighbours_.count(made->written) == 0)
            continue;
        for (const Scope *at = made.get(); at != nullptr; at = at->consumer)
            if (at == scope)
                return true;
    }
    return false;
}

Scope *ScopeTree::ancestor(Scope *scope, Index levelsup)
{
    for (; levelsup > 0 && scope != nullptr; --levelsup)
        scope = scope->lexical;
    if (scope == nullptr)
        pg::raise({ERRCODE_INTERNAL_ERROR, "a column reference points outside of the defining query"});
    return scope;
}

ScopeTree::ScopeTree(Query *query, const Environment &environment, bool neighbours)
    : functions_(environment), separate_neighbours_(neighbours)
{
    query->queryId = 0;           // functions_ has its own use for it
    add_scope(query, Scope::top, nullptr, nullptr, 0, "");
    demand_all(top());
    add_reads();
    // Subqueries in expressions are added while their surroundings are walked.
    for (std::size_t i = 0; i < scopes_.size(); ++i)
        walk_always(scopes_[i].get());
}

Scope *ScopeTree::add_scope(Query *query, Scope::Kind kind, Scope *lexical, Scope *consumer, int rti,
                            const std::string &name)
{
    Scope *scope = new_scope(query, kind, lexical, consumer, rti, name);
    build_sources(scope);
    return scope;
}

Scope *ScopeTree::new_scope(Query *query, Scope::Kind kind, Scope *lexical, Scope *consumer, int rti,
                            const std::string &name)
{
    scopes_.push_back(std::make_unique<Scope>());
    Scope *scope = scopes_.back().get();
    scope->id = static_cast<int>(scopes_.size()) - 1;
    scope->kind = kind;
    scope->written = query;
    scope->lexical = lexical;
    scope->consumer = consumer;
    scope->rti = rti;
    scope->recursive = consumer != nullptr && consumer->recursive;
    scope->earlier = consumer != nullptr && consumer->earlier;
    scope->reader = consumer != nullptr ? consumer->reader : 0;
    if (consumer != nullptr)
        scope->calling = consumer->calling;
    if (const Calling *calling = functions_.calling_of(query)) {
        scope->calling = *calling;
        scope->reader = calling->role;
    }
    scope->path = consumer == nullptr || consumer->path.empty() || name.empty() ? name : consumer->path + "." + name;
    if (name.empty() && consumer != nullptr)
        scope->path = consumer->path;
    scope->query = functions_.look_through(query, scope->calling);
    if (separate_neighbours_ && neighbours_.count(query) == 0 && !scope->calling.unlinked)
        scope->separated = separate_neighbours(scope->query, kind != Scope::top, neighbours_);
    reduce_outer_joins(scope->query);
    collect_nullable(reinterpret_cast<Node *>(scope->query->jointree), scope->nullable);
    return scope;
}

void ScopeTree::build_sources(Scope *scope)
{
    std::set<int> members;
    collect_members(reinterpret_cast<Node *>(scope->query->jointree), members);
    collect_members(scope->query->setOperations, members);
    scope->sources.resize(pg::length(scope->query->rtable) + 1);
    for (int rti : members)
        build_source(scope, rti);
}

void ScopeTree::build_source(Scope *scope, int rti)
{
    auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, rti - 1));
    Source &source = scope->sources[rti];
    switch (rte->rtekind) {
    case RTE_RELATION:
        if (rte->relkind == RELKIND_VIEW)
            expand_view(scope, rti, rte);
        else
            add_occurrence(scope, rti, rte);
        break;
    case RTE_SUBQUERY: {
        bool is_branch = scope->query->setOperations != nullptr;
        std::string name = is_branch ? "" : source_name(rte);
        Scope *inner =
            new_scope(rte->subquery, is_branch ? Scope::branch : Scope::derived, scope, scope, rti, name);
        source.kind = Source::subquery;
        source.scope = inner;
        if (is_branch)
            scope->branches.push_back(inner);
        build_sources(inner);
        break;
    }
    case RTE_CTE:
        expand_cte(scope, rti, rte);
        break;
    case RTE_JOIN:
        source.kind = Source::join;
        break;
    default:
        source.kind = Source::other;
    }
}

void ScopeTree::add_occurrence(Scope *scope, int rti, RangeTblEntry *rte)
{
    model::Occurrence occurrence;
    occurrence.relation = rte->relid;
    occurrence.relation_name = qualified_relation_name(rte->relid);
    occurrence.path = scope->path.empty() ? source_name(rte) : scope->path + "." + source_name(rte);
    occurrence.inherit = rte->inh;
    occurrence.reader = scope->reader;
    for (Scope *at = scope; at != nullptr; at = at->consumer)
        if (at->kind == Scope::branch && !at->is_base())     // a base row can be anything's start
            occurrence.branches.insert(occurrence.branches.begin(), at->id);
    scope->sources[rti].kind = Source::relation;
    scope->sources[rti].occurrence = static_cast<int>(occurrences_.size());
    occurrences_.push_back(std::move(occurrence));
    occurrence_scopes_.push_back(scope);
}

void ScopeTree::expand_view(Scope *scope, int rti, RangeTblEntry *rte)
{
    struct View {
        Query *query;
        Oid owner;
        bool invoker;
    };
    View view = pg::call([&] {
        Relation relation = relation_open(rte->relid, AccessShareLock);
        View found{static_cast<Query *>(copyObjectImpl(get_view_query(relation))), relation->rd_rel->relowner,
                   RelationHasSecurityInvoker(relation)};
        relation_close(relation, NoLock);
        return found;
    });
    // A scope inherits its consumer's reader; a view that reads as its owner sets its own, for everything inside.
    model::ObjectId outer_reader = scope->reader;
    if (!view.invoker)
        scope->reader = view.owner;
    Scope *inner = add_scope(view.query, Scope::derived, nullptr, scope, rti, source_name(rte));
    scope->reader = outer_reader;
    scope->sources[rti].kind = Source::subquery;
    scope->sources[rti].scope = inner;
}

void ScopeTree::expand_cte(Scope *scope, int rti, RangeTblEntry *rte)
{
    Source &source = scope->sources[rti];
    if (rte->self_reference && (scope->kind != Scope::branch || !scope->consumer->recursion)) {
        source.kind = Source::other;
        return;
    }
    if (rte->self_reference && scope->consumer->earlier) {
        source.kind = Source::turn;
        source.scope = scope->consumer;
        return;
    }
    Scope *definer = ancestor(scope, rte->ctelevelsup);
    CommonTableExpr *cte = nullptr;
    for (auto *candidate : pg::items<CommonTableExpr>(definer->query->cteList))
        if (std::string(candidate->ctename) == rte->ctename)
            cte = candidate;
    if (cte == nullptr || !IsA(cte->ctequery, Query))
        pg::raise({ERRCODE_INTERNAL_ERROR, std::string("no query found for CTE \"") + rte->ctename + "\""});
    auto *query = static_cast<Query *>(pg::call(copyObjectImpl, cte->ctequery));
    // Inside, levelsup 1 means the query that defines the CTE, wherever it is referenced.
    Scope *inner = new_scope(query, Scope::derived, definer, scope, rti, source_name(rte));
    inner->recursion = cte->cterecursive && can_walk_recursion(query);
    inner->recursive |= cte->cterecursive && !inner->recursion;
    inner->earlier |= rte->self_reference;
    build_sources(inner);
    source.kind = Source::subquery;
    source.scope = inner;
}

// A query that nothing leads out of: what reads its tables does so in ways that are not looked through.
void ScopeTree::add_called(Scope *scope, Query *statement, const std::string &name)
{
    demand_all(add_scope(statement, Scope::called, nullptr, scope, 0, name));
}

void ScopeTree::add_reads()
{
    Calling calling;
    calling.unlinked = true;
    for (Oid relation : functions_.reads())
        if (Query *query = pg::call(whole_relation, relation))
            add_called(top(), functions_.placed(query, calling), "reads");
}

// The functions a node calls and that were not looked through.  In the turns of a recursion each is met once.
void ScopeTree::walk_calls(Scope *scope, Node *node)
{
    if (scope->earlier)
        return;
    for (Oid function : functions_.called_by(node)) {
        auto statements = functions_.statements(function, node, scope->calling);
        std::string name = statements.empty() ? "" : pg::call([&]() -> const char * { return get_func_name(function); });
        for (Query *statement : statements)
            add_called(scope, statement, name);
    }
}

// Walks what decides which rows a scope gives, whichever of its columns are read.
void ScopeTree::walk_always(Scope *scope)
{
    Query *query = scope->query;
    walk_expression(scope, reinterpret_cast<Node *>(query->jointree));
    walk_expression(scope, query->havingQual);
    walk_expression(scope, query->limitOffset);
    walk_expression(scope, query->limitCount);
    for (auto *window : pg::items<WindowClause>(query->windowClause)) {
        walk_expression(scope, window->startOffset);
        walk_expression(scope, window->endOffset);
    }
    for (std::size_t rti = 1; rti < scope->sources.size(); ++rti) {
        if (scope->sources[rti].kind != Source::other)
            continue;
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(query->rtable, static_cast<int>(rti) - 1));
        walk_expression(scope, reinterpret_cast<Node *>(rte->functions));
        walk_expression(scope, reinterpret_cast<Node *>(rte->tablefunc));
        walk_expression(scope, reinterpret_cast<Node *>(rte->values_lists));
    }
    bool every_column_counts = query->setOperations != nullptr || query->distinctClause != nullptr || scope->kind == Scope::branch ||
                               scope->recursive;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (every_column_counts || entry->ressortgroupref != 0 || gives_rows(query, entry))
            demand(scope, entry);
}

void ScopeTree::demand(Scope *scope, TargetEntry *entry)
{
    if (!scope->demanded.insert(entry->resno).second)
        return;
    walk_expression(scope, reinterpret_cast<Node *>(entry->expr));
    for (Scope *branch : scope->branches)
        for (auto *same : pg::items<TargetEntry>(branch->query->targetList))
            if (same->resno == entry->resno)
                demand(branch, same);
}

void ScopeTree::demand_all(Scope *scope)
{
    for (auto *entry : pg::items<TargetEntry>(scope->query->targetList))
        demand(scope, entry);
}

void ScopeTree::walk_expression(Scope *scope, Node *node)
{
    if (node == nullptr)
        return;
    if (IsA(node, Var))
        return walk_var(scope, reinterpret_cast<Var *>(node));
    if (IsA(node, SubLink))
        return walk_sublink(scope, reinterpret_cast<SubLink *>(node));
    if (IsA(node, Query))
        return;
    walk_calls(scope, node);
    pg::walk_children(node, [&](Node *child) {
        walk_expression(scope, child);
        return false;
    });
}

void ScopeTree::walk_var(Scope *scope, Var *var)
{
    mark_used(ancestor(scope, var->varlevelsup), var->varno, var->varattno);
}

void ScopeTree::walk_sublink(Scope *scope, SubLink *sublink)
{
    walk_expression(scope, sublink->testexpr);
    if (scope->sublink_scope(sublink) != nullptr)
        return;
    auto *query = reinterpret_cast<Query *>(sublink->subselect);
    bool neighbours = neighbours_.count(query) != 0;
    const Calling *calling = neighbours ? nullptr : functions_.calling_of(query);
    std::string name = neighbours ? "neighbours" : "subquery";
    if (calling != nullptr)
        name = pg::call([&]() -> const char * { return get_func_name(calling->inside.back()); });
    Scope *inner = add_scope(query, Scope::sublink, scope, scope, 0, name);
    scope->sublinks.emplace_back(sublink, inner);
    if (sublink->subLinkType != EXISTS_SUBLINK)
        demand_all(inner);
}

void ScopeTree::mark_used(Scope *scope, int rti, AttrNumber attribute)
{
    const Source &source = scope->sources[rti];
    auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, rti - 1));
    switch (source.kind) {
    case Source::relation:
        occurrences_[source.occurrence].used.insert(attribute);
        break;
    case Source::subquery:
        for (auto *entry : pg::items<TargetEntry>(source.scope->query->targetList))
            if (attribute == 0 || entry->resno == attribute)
                demand(source.scope, entry);
        break;
    case Source::join:
        if (attribute == 0)
            walk_expression(scope, reinterpret_cast<Node *>(rte->joinaliasvars));
        else
            walk_expression(scope, static_cast<Node *>(pg::nth(rte->joinaliasvars, attribute - 1)));
        break;
    default:
        break;
    }
}

}  // namespace tviews::analyze
