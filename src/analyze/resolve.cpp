// Tracing expressions to base columns; see resolve.hpp.
#include "analyze/resolve.hpp"

#include <algorithm>
#include <cstring>
#include <forward_list>
#include <functional>
#include <utility>

#include "analyze/names.hpp"
#include "analyze/recursion.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// A set operation offers one reading per branch; the odometer enumerates the combinations.
struct Choice {
    Scope *operation;
    std::size_t branch = 0;
};

class Tracer {
public:
    Tracer(std::vector<Choice> &choices, Scope *sublink) : choices_(choices), sublink_(sublink) {}

    Resolved trace(Node *expression, const Place &place)
    {
        Resolved result;
        result_ = &result;
        after_grouping_ = place.after_grouping;
        Node *tree = change(expression, Position{place.scope, &place.nullable, nullptr});
        if (!needs(tree, of_some_sets_))
            fail("uses a column that a grouping set leaves empty", tree);
        std::set<Oid> collations;
        note_collations(tree, collations);
        if (collations.size() > 1)            // a subquery's own is not explicit for who reads it
            fail("names several collations", tree);
        result.tree = with_functions(tree);
        for (const Choice &choice : choices_)
            result.branches.push_back(choice.operation->branches[choice.branch]->id);
        return result;
    }

    Resolved trace_output(Scope *scope, TargetEntry *entry)
    {
        Resolved result;
        result_ = &result;
        Arrival arrival;
        arrival.referenced_in = scope->consumer;
        result.tree = cross(scope, entry->resno, arrival);
        if (!functions_.empty())
            fail("comes from a function in FROM", nullptr);
        for (const Choice &choice : choices_)
            result.branches.push_back(choice.operation->branches[choice.branch]->id);
        return result;
    }

private:
    // Where the walk stands: a scope, what is null-extended below, and the way it came down, if any.
    struct Position {
        Scope *scope;
        const std::set<int> *nullable;
        const Arrival *arrival;
    };

    Node *fail(const std::string &reason, Node *node)
    {
        if (result_->failure.empty())
            result_->failure = reason;
        return node;
    }

    Node *change(Node *node, const Position &at)
    {
        if (node == nullptr)
            return nullptr;
        switch (nodeTag(node)) {
        case T_Var:
            return change_var(reinterpret_cast<Var *>(node), at);
        case T_SubLink:
            return fail("contains a subquery", node);
        case T_Aggref:
        case T_GroupingFunc:
            return fail("contains an aggregate", node);
        case T_WindowFunc:
            return fail("contains a window function", node);
        case T_Param:
            return change_param(reinterpret_cast<Param *>(node), at);
        default:
            return pg::mutate_children(node, [&](Node *child) { return change(child, at); });
        }
    }

    // An ANY sublink compares with the sublink's output columns.
    Node *change_param(Param *param, const Position &at)
    {
        if (param->paramkind != PARAM_SUBLINK || sublink_ == nullptr || at.arrival != nullptr)
            return fail("contains a parameter", reinterpret_cast<Node *>(param));
        Arrival arrival;
        arrival.referenced_in = at.scope;
        return cross(sublink_, static_cast<AttrNumber>(param->paramid), arrival);
    }

    Node *change_var(Var *var, const Position &at)
    {
        if (var->varlevelsup == 0) {
            SetsScope sets(*this, at.arrival == nullptr && after_grouping_ && is_of_some_sets(at.scope, var));
            return change_column(at.scope, *at.nullable, var, at.arrival);
        }
        // An outer reference arrives from its own scope, the way that led down there if one did.
        Scope *scope = ScopeTree::ancestor(at.scope, var->varlevelsup);
        SetsScope sets(*this, is_in_expression(at.scope, scope) && is_of_some_sets(scope, var));
        auto inside = std::find_if(ways_.begin(), ways_.end(), [&](const auto &way) { return way.first == scope; });
        return change_column(scope, scope->nullable, var, inside == ways_.end() ? nullptr : &inside->second);
    }

    // While it lives, columns arrive in a reference that grouping sets may leave empty, if they do.
    class SetsScope {
    public:
        SetsScope(Tracer &tracer, bool some_sets) : tracer_(tracer), before_(tracer.in_some_sets_)
        {
            tracer.in_some_sets_ |= some_sets;
        }
        ~SetsScope() { tracer_.in_some_sets_ = before_; }
        SetsScope(const SetsScope &) = delete;
        SetsScope &operator=(const SetsScope &) = delete;

    private:
        Tracer &tracer_;
        bool before_;
    };

    static void note_collations(Node *node, std::set<Oid> &collations)
    {
        if (node == nullptr)
            return;
        if (IsA(node, CollateExpr))
            collations.insert(reinterpret_cast<CollateExpr *>(node)->collOid);
        pg::walk_children(node, [&](Node *child) {
            note_collations(child, collations);
            return false;
        });
    }

    // Whether `inner` lies in a subquery of one of the scope's expressions, not of its FROM.
    static bool is_in_expression(const Scope *inner, const Scope *scope)
    {
        while (inner->consumer != scope && inner->consumer != nullptr)
            inner = inner->consumer;
        return inner->kind == Scope::sublink;
    }

    static bool is_of_some_sets(const Scope *scope, const Var *var);

    // Whether the tree is not true where any of these columns is NULL.  An ANY or ALL comparison asks for more.
    bool needs(Node *tree, const std::set<std::pair<int, AttrNumber>> &columns) const
    {
        if (columns.empty())
            return true;
        std::set<std::pair<int, AttrNumber>> needed;
        for (auto *var : pg::items<Var>(pg::call([&] { return find_nonnullable_vars(tree); })))
            needed.emplace(var->varno, var->varattno);
        return sublink_ == nullptr && std::includes(needed.begin(), needed.end(), columns.begin(), columns.end());
    }

    Node *change_column(Scope *scope, const std::set<int> &nullable, Var *var, const Arrival *came)
    {
        Arrival arrival = came ? *came : Arrival{};
        if (came == nullptr) {
            arrival.referenced_in = scope;
            arrival.entries.insert(static_cast<int>(var->varno));
        }
        if (nullable.count(static_cast<int>(var->varno)) != 0)
            arrival.nullable = true;
        const Source &source = scope->sources[var->varno];
        switch (source.kind) {
        case Source::relation:
            if (var->varattno < 0)
                return fail("uses a system column", reinterpret_cast<Node *>(var));
            return arrive(source.occurrence, var, arrival);
        case Source::subquery:
            if (var->varattno == 0)
                return fail("uses a whole row of a subquery", reinterpret_cast<Node *>(var));
            return cross(source.scope, var->varattno, arrival);
        case Source::turn:
            if (var->varattno == 0 || !hands_on(source.scope, var->varattno))
                return fail("uses what a recursion computes from turn to turn", reinterpret_cast<Node *>(var));
            return cross(source.scope, var->varattno, arrival);
        case Source::join: {
            auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, static_cast<int>(var->varno) - 1));
            if (var->varattno == 0)
                return fail("uses a whole row of a join", reinterpret_cast<Node *>(var));
            auto *merged = static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1));
            return change(merged, Position{scope, &nullable, came});
        }
        default:
            return change_function_column(scope, nullable, var, came);
        }
    }

    // A column of a function in FROM: the function's arguments are traced in its place.
    Node *change_function_column(Scope *scope, const std::set<int> &nullable, Var *var, const Arrival *came)
    {
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, static_cast<int>(var->varno) - 1));
        if (in_function_)
            return fail("uses a function in FROM whose argument comes from another one", reinterpret_cast<Node *>(var));
        if (rte->rtekind != RTE_FUNCTION)
            return fail("uses a column of VALUES or a recursive reference", reinterpret_cast<Node *>(var));
        std::size_t index = 0;
        while (index < functions_.size() && functions_[index].original != rte)
            ++index;
        if (index == functions_.size()) {
            functions_.push_back({rte});
            in_function_ = true;
            auto *arguments = change(reinterpret_cast<Node *>(rte->functions), Position{scope, &nullable, came});
            in_function_ = false;
            functions_[index].arguments = reinterpret_cast<List *>(arguments);
        }
        functions_[index].nullable |= nullable.count(static_cast<int>(var->varno)) != 0 || (came != nullptr && came->nullable);
        return pg::call([&] {
            return reinterpret_cast<Node *>(makeVar(first_function + static_cast<int>(index), var->varattno, var->vartype,
                                                    var->vartypmod, var->varcollid, 0));
        });
    }

    // Gives a function another alias than those by which walks call tables: x, y, y1, y2 …  Inside the EXISTS it would hide them.  C-side.
    static void keep_apart(RangeTblEntry *rte)
    {
        const char *name = rte->eref->aliasname;
        if ((*name != 'x' && *name != 'y') || name[1 + std::strspn(name + 1, "0123456789")] != '\0')
            return;
        for (Alias *alias : {rte->alias, rte->eref})
            if (alias != nullptr)
                alias->aliasname = psprintf("%s_", name);
    }

    // EXISTS (SELECT FROM functions WHERE tree), if the tree uses any.
    Node *with_functions(Node *tree)
    {
        if (functions_.empty() || !result_->failure.empty())
            return tree;
        if (!needs_functions(tree))
            return fail("uses a function in FROM that an outer join can leave empty", tree);
        return pg::call([&] {
            auto *query = makeNode(Query);
            query->commandType = CMD_SELECT;
            query->querySource = QSRC_ORIGINAL;
            query->canSetTag = true;
            query->jointree = makeFromExpr(NIL, nullptr);
            for (std::size_t i = 0; i < functions_.size(); ++i) {
                auto *rte = static_cast<RangeTblEntry *>(copyObjectImpl(functions_[i].original));
                rte->functions = static_cast<List *>(copyObjectImpl(functions_[i].arguments));
                IncrementVarSublevelsUp(reinterpret_cast<Node *>(rte->functions), 1, 0);
                rte->lateral = false;
                keep_apart(rte);
                query->rtable = lappend(query->rtable, rte);
                auto *reference = makeNode(RangeTblRef);
                reference->rtindex = static_cast<int>(i) + 1;
                query->jointree->fromlist = lappend(query->jointree->fromlist, reference);
            }
            auto *condition = static_cast<Node *>(copyObjectImpl(tree));
            IncrementVarSublevelsUp(condition, 1, 0);
            localize(condition, nullptr);
            query->jointree->quals = condition;
            auto *sublink = makeNode(SubLink);
            sublink->subLinkType = EXISTS_SUBLINK;
            sublink->subselect = reinterpret_cast<Node *>(query);
            sublink->location = -1;
            return reinterpret_cast<Node *>(sublink);
        });
    }

    // Whether the tree is not true where an outer join has left one of the functions empty.  An ANY or ALL comparison asks for more.
    bool needs_functions(Node *tree) const
    {
        Bitmapset *needed = pg::call([&] { return find_nonnullable_rels(tree); });
        for (std::size_t i = 0; i < functions_.size(); ++i)
            if (functions_[i].nullable && (sublink_ != nullptr || !bms_is_member(first_function + static_cast<int>(i), needed)))
                return false;
        return true;
    }

    // Makes the Vars of functions, outer references since the tree went one level down, Vars of the EXISTS itself.
    // C-side: changes the tree in place, may raise.
    static bool localize(Node *node, void *context)
    {
        if (node == nullptr)
            return false;
        if (!IsA(node, Var))
            return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(localize)), context);
        auto *var = reinterpret_cast<Var *>(node);
        if (var->varno >= first_function) {
            var->varno = var->varno - first_function + 1;
            var->varnosyn = static_cast<Index>(var->varno);
            var->varlevelsup = 0;
        }
        return false;
    }

    Node *arrive(int occurrence, Var *var, const Arrival &arrival)
    {
        auto [known, fresh] = result_->arrivals.try_emplace(occurrence, arrival);
        if (!fresh)
            merge(known->second, arrival);
        if (in_some_sets_)
            of_some_sets_.emplace(occurrence + 1, var->varattno);
        return pg::call([&] {
            return reinterpret_cast<Node *>(
                makeVar(occurrence + 1, var->varattno, var->vartype, var->vartypmod, var->varcollid, 0));
        });
    }

    void merge(Arrival &known, const Arrival &other)
    {
        if (known.referenced_in != other.referenced_in)
            fail("reaches one relation on two ways", nullptr);
        known.entries.insert(other.entries.begin(), other.entries.end());
        known.nullable |= other.nullable;
        known.by_equality |= other.by_equality;
        if (known.blocked.empty())
            known.blocked = other.blocked;
        if (known.crossed.size() < other.crossed.size())
            known.crossed = other.crossed;
        std::erase_if(known.handed_on, [&](Scope *recursion) { return other.handed_on.count(recursion) == 0; });
    }

    // Goes through the border of `inner` into the expression behind one of its output columns.
    Node *cross(Scope *inner, AttrNumber resno, Arrival arrival)
    {
        arrival.crossed.push_back(inner);
        if (inner->recursive && arrival.blocked.empty())
            arrival.blocked = "a recursive query lies between";
        TargetEntry *entry = output(inner, resno);
        if (entry == nullptr)
            return fail("uses a column that does not exist", nullptr);
        // Whatever the level does to its rows, they all carry a constant of its own.
        const Query *query = inner->query;
        bool constant = IsA(entry->expr, Const) && query->setOperations == nullptr && query->groupingSets == nullptr;
        std::string around = arrival.blocked;
        check_border(inner, entry, arrival);
        if (result_->blocked.empty())
            result_->blocked = constant ? around : arrival.blocked;
        if (arrival.nullable && inner->query->setOperations == nullptr && !null_with_its_row(entry->expr))
            return fail("uses what a subquery computes that an outer join can leave empty", nullptr);
        if (inner->recursion && hands_on(inner, resno)) {
            arrival.handed_on.insert(inner);
            return cross(inner->base(), resno, arrival);
        }
        if (inner->query->setOperations != nullptr)
            return converted(cross(choose(inner), resno, arrival), entry);
        ways_.emplace_front(inner, arrival);
        Node *changed = change(reinterpret_cast<Node *>(entry->expr), Position{inner, &inner->nullable, &arrival});
        ways_.pop_front();
        return changed;
    }

    // Whether an output expression is NULL wherever the row it is computed from is null-extended: a constant is not.
    static bool null_with_its_row(Expr *expression)
    {
        auto *node = reinterpret_cast<Node *>(expression);
        return pg::call([&] { return contain_vars_of_level(node, 0) && !contain_nonstrict_functions(node); });
    }

    // A set operation gives the values of its branches its own type and collation.
    Node *converted(Node *value, const TargetEntry *entry)
    {
        if (!result_->failure.empty())
            return value;
        auto *result = reinterpret_cast<Node *>(entry->expr);
        if (pg::call(exprCollation, value) != pg::call(exprCollation, result))
            return fail("comes out of a set operation that gives it another collation", value);
        return pg::call([&] {
            Oid type = exprType(result);
            return exprType(value) == type ? value : coerce_to_common_type(nullptr, value, type, "UNION");
        });
    }

    Scope *choose(Scope *operation)
    {
        for (const Choice &choice : choices_)
            if (choice.operation == operation)
                return operation->branches[choice.branch];
        choices_.push_back({operation, 0});
        return operation->branches.front();
    }

    static TargetEntry *output(Scope *scope, AttrNumber resno)
    {
        for (auto *entry : pg::items<TargetEntry>(scope->query->targetList))
            if (entry->resno == resno)
                return entry;
        return nullptr;
    }

    static void check_border(Scope *scope, TargetEntry *entry, Arrival &arrival);

    // Vars of functions carry numbers no range table reaches, until the EXISTS gives them its own.
    static constexpr int first_function = 10000;
    struct Function {
        RangeTblEntry *original;
        List *arguments = nullptr;    // traced
        bool nullable = false;    // an outer join can leave it empty
    };

    std::vector<Choice> &choices_;
    Scope *sublink_;
    Resolved *result_ = nullptr;
    std::forward_list<std::pair<Scope *, Arrival>> ways_;     // the scopes it stands in, and how it came down to each
    std::vector<Function> functions_;
    bool in_function_ = false;            // whether a function's arguments are being traced
    bool after_grouping_ = false;
    bool in_some_sets_ = false;
    std::set<std::pair<int, AttrNumber>> of_some_sets_;       // occurrence + 1 and column, of groups of some grouping sets alone
};

bool in_every_grouping_set(const Query *query, const TargetEntry *entry)
{
    if (entry->ressortgroupref == 0)
        return false;
    List *sets = pg::call(expand_grouping_sets, query->groupingSets, false, -1);
    for (auto *set : pg::items<List>(sets)) {       // the empty set is a null pointer
        bool found = false;
        for (int i = 0; i < pg::length(set); ++i)
            found |= lfirst_int(&set->elements[i]) == static_cast<int>(entry->ressortgroupref);
        if (!found)
            return false;
    }
    return true;
}

bool Tracer::is_of_some_sets(const Scope *scope, const Var *var)
{
    const Query *query = scope->query;
    if (query->groupingSets == nullptr)
        return false;
    for (auto *entry : pg::items<TargetEntry>(query->targetList)) {
        auto *column = IsA(entry->expr, Var) ? reinterpret_cast<Var *>(entry->expr) : nullptr;
        if (column != nullptr && column->varlevelsup == 0 && column->varno == var->varno && column->varattno == var->varattno &&
            in_every_grouping_set(query, entry))
            return false;
    }
    return true;
}

// Why an output column does not pass the border, empty if it does.  It passes where a changed row inside cannot influence
// output rows that carry another value of it.
std::string obstacle(const Query *query, const TargetEntry *entry)
{
    auto *expression = reinterpret_cast<Node *>(entry->expr);
    if (query->limitCount != nullptr || query->limitOffset != nullptr)
        return "a subquery with LIMIT or OFFSET lies between";
    if (query->hasDistinctOn && !pg::in_clauses(entry->ressortgroupref, query->distinctClause))
        return "DISTINCT ON lies between and the column is not in it";
    if (query->groupingSets != nullptr && !in_every_grouping_set(query, entry))
        return "the column is not in every grouping set";
    if ((query->hasAggs || query->havingQual != nullptr) && query->groupClause == nullptr &&
        query->groupingSets == nullptr)
        return "an aggregate without GROUP BY lies between";
    if (query->hasWindowFuncs)
        for (auto *window : pg::items<WindowClause>(query->windowClause))
            if (!pg::in_clauses(entry->ressortgroupref, window->partitionClause))
                return "a window function that is not partitioned by the column lies between";
    if (query->hasTargetSRFs && pg::call([&] { return expression_returns_set(expression); }))
        return "a set-returning function gives the column";
    return "";
}

bool can_look_different(Node *value)
{
    return !pg::call([&] { return equal_is_identical(exprType(value), exprCollation(value)); });
}

// Whether the column is computed from what GROUP BY takes for equal though it looks different: n::text of numeric n.
bool is_of_merged_values(const Query *query, const TargetEntry *entry)
{
    for (auto *clause : pg::items<SortGroupClause>(query->groupClause)) {
        Node *grouped = pg::call([&] { return get_sortgroupclause_expr(clause, query->targetList); });
        std::function<bool(Node *)> is_in = [&](Node *node) {
            return pg::call(equal, static_cast<const void *>(node), static_cast<const void *>(grouped)) || pg::walk_children(node, is_in);
        };
        if (can_look_different(grouped) && is_in(reinterpret_cast<Node *>(entry->expr)))
            return true;
    }
    return false;
}

void Tracer::check_border(Scope *scope, TargetEntry *entry, Arrival &arrival)
{
    const Query *query = scope->query;
    if (arrival.blocked.empty())
        arrival.blocked = obstacle(query, entry);
    bool merges = query->groupClause != nullptr || query->distinctClause != nullptr || query->hasWindowFuncs || scope->separated ||
                  query->setOperations != nullptr;
    if (merges && !arrival.by_equality)
        arrival.by_equality = can_look_different(reinterpret_cast<Node *>(entry->expr)) || is_of_merged_values(query, entry);
}

// Steps the odometer; false when all combinations have been seen.
bool advance(std::vector<Choice> &choices)
{
    while (!choices.empty()) {
        Choice &last = choices.back();
        if (++last.branch < last.operation->branches.size())
            return true;
        choices.pop_back();
    }
    return false;
}

// More readings than this are not worth the time; the caller treats the expression as untraceable.
constexpr std::size_t max_readings = 256;

template <class Trace>
std::vector<Resolved> all_readings(Scope *sublink, Trace &&trace)
{
    std::vector<Resolved> readings;
    std::vector<Choice> choices;
    do {
        Tracer tracer(choices, sublink);
        readings.push_back(trace(tracer));
        if (readings.size() > max_readings) {
            readings.resize(1);
            readings.front().failure = "has too many combinations of set-operation branches";
            break;
        }
    } while (advance(choices));
    return readings;
}

}  // namespace

std::vector<Resolved> resolve(Node *expression, const Place &place, Scope *sublink)
{
    return all_readings(sublink, [&](Tracer &tracer) { return tracer.trace(expression, place); });
}

std::vector<Resolved> resolve_output(Scope *scope, TargetEntry *entry)
{
    return all_readings(nullptr, [&](Tracer &tracer) { return tracer.trace_output(scope, entry); });
}

}  // namespace tviews::analyze
