// Finding what a query leaves open; see undetermined.hpp.
//
// Each scope is asked what its output columns may differ in, and whether its set of rows may; the places are noted on the way.
// An open value that decides which rows there are (in WHERE, GROUP BY, a set operation) opens the rows; one that goes through an
// expression stays open only in the order of elements if the expression just builds JSON or arrays of it.
#include "analyze/undetermined.hpp"

#include <algorithm>
#include <map>

#include "analyze/decided.hpp"
#include "analyze/order_sensitive.hpp"
#include "analyze/scope.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

constexpr const char *hint_aggregate = "Write ORDER BY over a unique key inside the aggregate's parentheses.";
constexpr const char *hint_order = "Add a unique key, such as the primary key, to the ORDER BY.";
constexpr const char *hint_float = "Add up numeric values instead of floating-point numbers.";
constexpr const char *hint_image = "Make equal values identical, for instance with lower(x::text) or x::numeric(12,2).";

bool is_limited(const Query *query)
{
    auto given = [](const Node *node) {
        return node != nullptr && !(IsA(node, Const) && reinterpret_cast<const Const *>(node)->constisnull);
    };
    bool ties = query->limitOption == LIMIT_OPTION_WITH_TIES && !given(query->limitOffset);
    return (given(query->limitCount) && !ties) || given(query->limitOffset);
}

std::vector<Node *> expressions_of(const List *clauses, List *entries)
{
    std::vector<Node *> expressions;
    for (auto *clause : pg::items<SortGroupClause>(clauses)) {
        struct Sorted {
            Node *expression;
            bool usual;           // told apart by the type's own equality
        };
        Sorted sorted = pg::call([&] {
            Node *expression = get_sortgroupclause_expr(clause, entries);
            return Sorted{expression, lookup_type_cache(exprType(expression), TYPECACHE_EQ_OPR)->eq_opr == clause->eqop};
        });
        if (sorted.usual)
            expressions.push_back(sorted.expression);
    }
    return expressions;
}

void append(std::vector<Node *> &list, const std::vector<Node *> &more)
{
    list.insert(list.end(), more.begin(), more.end());
}

const char *sorting(const List *clauses)
{
    return clauses == nullptr ? "without ORDER BY" : "whose ORDER BY may leave ties";
}

Open wider(Open one, Open other)
{
    if (one == Open::no || other == Open::no || one == other)
        return std::max(one, other);
    return Open::any;             // open in two ways
}

// What a scope's readers see open.
struct Outcome {
    std::map<int, Open> columns;  // by resno
    bool rows = false;
    Open column(int resno) const
    {
        auto found = columns.find(resno);
        return found == columns.end() ? Open::no : found->second;
    }
    Open all() const
    {
        Open open = Open::no;
        for (const auto &[resno, column] : columns)
            open = wider(open, column);
        return open;
    }
};

class Finder {
public:
    explicit Finder(const ScopeTree &tree) : tree_(tree) {}

    Undetermined run()
    {
        Undetermined found;
        const Outcome &top = outcome(tree_.top());
        for (auto *entry : pg::items<TargetEntry>(tree_.top()->query->targetList))
            if (!entry->resjunk)
                found.columns.push_back(top.column(entry->resno));
        found.rows = top.rows;
        if (!top.rows && top.all() == Open::no)       // whatever is chosen, nobody sees it
            return found;
        for (auto &[scope, notes] : notes_)
            for (auto &[place, hint] : notes) {
                add(found.places, place);
                add(found.hints, hint);
            }
        return found;
    }

private:
    static void add(std::vector<std::string> &list, const std::string &text)
    {
        if (std::find(list.begin(), list.end(), text) == list.end())
            list.push_back(text);
    }

    // Where in the query, for people: the column, and the subquery in FROM it is of.
    std::string where(const Scope *scope, const TargetEntry *entry) const
    {
        for (; scope->kind == Scope::sublink; scope = scope->consumer) {
            auto found = asked_for_.find(scope);
            if (found == asked_for_.end() || found->second == nullptr)
                return ", in a subquery" + (scope->consumer->path.empty() ? "" : " in \"" + scope->consumer->path + "\"");
            entry = found->second;
        }
        std::string column, level;
        if (entry != nullptr && !entry->resjunk && entry->resname != nullptr)
            column = std::string(", in column \"") + entry->resname + "\"";
        for (const Scope *at = scope; at->kind != Scope::top && level.empty(); at = at->consumer)
            level = at->path;
        return level.empty() ? column : column + (column.empty() ? ", in \"" : " of \"") + level + "\"";
    }

    void note(const Scope *scope, const std::string &what, const char *hint)
    {
        if (!scope->earlier)
            notes_[scope->id].emplace_back(what + where(scope, entry_), hint);
    }

    const Outcome &outcome(const Scope *scope)
    {
        auto [found, fresh] = outcomes_.try_emplace(scope);
        if (!fresh)               // also a recursion's own rows: what opens them is found where it stands
            return found->second;
        const TargetEntry *outer = entry_;
        entry_ = nullptr;
        Outcome seen = examine(scope);
        entry_ = outer;
        return outcomes_[scope] = std::move(seen);
    }

    Outcome examine(const Scope *scope)
    {
        Query *query = scope->query;
        Outcome seen;
        seen.rows = rows_open(scope);
        for (auto *entry : pg::items<TargetEntry>(query->targetList)) {
            if (scope->demanded.count(entry->resno) == 0)
                continue;
            entry_ = entry;
            Open open = openness(scope, reinterpret_cast<Node *>(entry->expr));
            for (const Scope *branch : scope->branches)
                open = wider(open, outcome(branch).column(entry->resno));
            bool decides = entry->ressortgroupref != 0 && (pg::in_clauses(entry->ressortgroupref, query->groupClause) ||
                                                           pg::in_clauses(entry->ressortgroupref, query->distinctClause) ||
                                                           used_by_window(query, entry) || is_limited(query));
            seen.rows |= open > Open::image && (decides || merges_branches(query));
            seen.columns[entry->resno] = open;
        }
        entry_ = nullptr;
        merge_equals(scope, seen);
        choose_rows(scope, seen);
        if (seen.rows)
            for (auto &[resno, open] : seen.columns)
                open = Open::any;
        return seen;
    }

    static bool used_by_window(const Query *query, const TargetEntry *entry)
    {
        for (auto *window : pg::items<WindowClause>(query->windowClause))
            if (pg::in_clauses(entry->ressortgroupref, window->partitionClause) || pg::in_clauses(entry->ressortgroupref, window->orderClause))
                return true;
        return false;
    }

    static bool merges_branches(const Query *query)
    {
        if (query->setOperations == nullptr)
            return false;
        auto *operation = reinterpret_cast<SetOperationStmt *>(query->setOperations);
        return !operation->all || operation->op != SETOP_UNION;
    }

    bool rows_open(const Scope *scope)
    {
        const Query *query = scope->query;
        auto *where = reinterpret_cast<Node *>(query->jointree);
        for (Node *decides : {where, query->havingQual, query->limitOffset, query->limitCount})
            if (openness(scope, decides) > Open::image)
                return true;
        for (std::size_t rti = 1; rti < scope->sources.size(); ++rti) {
            const Source &source = scope->sources[rti];
            auto *rte = static_cast<RangeTblEntry *>(pg::nth(query->rtable, static_cast<int>(rti) - 1));
            if ((source.kind == Source::subquery && outcome(source.scope).rows) ||
                (source.kind == Source::other && (openness(scope, reinterpret_cast<Node *>(rte->functions)) != Open::no ||
                                                  openness(scope, reinterpret_cast<Node *>(rte->values_lists)) != Open::no)))
                return true;
        }
        return false;
    }

    // GROUP BY, DISTINCT and set operations give one of several equal values.
    void merge_equals(const Scope *scope, Outcome &seen)
    {
        const Query *query = scope->query;
        bool branches = merges_branches(query);
        bool distinct = query->distinctClause != nullptr && !query->hasDistinctOn;
        std::vector<Node *> grouped = expressions_of(query->groupClause, query->targetList);
        for (Node *group : grouped) {
            if (equal_is_identical(group) || Decided(scope, Decided::Of::rows, grouped).covers(group))
                continue;
            bool shown = false;
            for (auto *entry : pg::items<TargetEntry>(query->targetList))
                if (scope->demanded.count(entry->resno) != 0 && !entry->resjunk && contains(entry->expr, group)) {
                    bool plain = pg::call([&] { return equal(entry->expr, group); });
                    seen.columns[entry->resno] = wider(seen.columns[entry->resno], plain ? Open::image : Open::any);
                    shown = true;
                }
            if (shown)
                note(scope, "GROUP BY of " + type_name(group) + " values that are equal but look different", hint_image);
        }
        for (auto *entry : pg::items<TargetEntry>(query->targetList)) {
            auto *value = reinterpret_cast<Node *>(entry->expr);
            if (entry->resjunk || (!branches && !distinct) || equal_is_identical(value))
                continue;
            if (!branches && is_grouped_by_its_key(scope, value))
                continue;
            seen.columns[entry->resno] = wider(seen.columns[entry->resno], Open::image);
            note(scope, std::string(distinct ? "DISTINCT" : operation_name(query)) + " of " + type_name(value) +
                            " values that are equal but look different", hint_image);
        }
    }

    // Whether rows that are equal in all outputs are one row.
    static bool is_grouped_by_its_key(const Scope *scope, Node *value)
    {
        auto all = expressions_of(scope->query->distinctClause, scope->query->targetList);
        return Decided(scope, Decided::Of::results, all).covers(value);
    }

    static bool contains(Expr *tree, Node *part)
    {
        std::function<bool(Node *)> look = [&](Node *node) {
            if (IsA(node, Aggref) || IsA(node, Query))
                return false;
            return pg::call([&] { return equal(node, part); }) || pg::walk_children(node, look);
        };
        return look(reinterpret_cast<Node *>(tree));
    }

    static std::string type_name(const Node *value)
    {
        return pg::call([&]() -> const char * { return format_type_be(exprType(value)); });
    }

    static const char *operation_name(const Query *query)
    {
        switch (reinterpret_cast<SetOperationStmt *>(query->setOperations)->op) {
        case SETOP_INTERSECT:
            return "INTERSECT";
        case SETOP_EXCEPT:
            return "EXCEPT";
        default:
            return "UNION";
        }
    }

    // LIMIT and DISTINCT ON choose rows.
    void choose_rows(const Scope *scope, Outcome &seen)
    {
        const Query *query = scope->query;
        auto sorted = expressions_of(query->sortClause, query->targetList);
        if (query->hasDistinctOn) {
            auto known = sorted;
            append(known, expressions_of(query->distinctClause, query->targetList));
            choose_among(scope, known, "DISTINCT ON", seen);
        }
        if (is_limited(query))
            choose_among(scope, sorted, query->limitCount != nullptr ? "LIMIT" : "OFFSET", seen);
    }

    void choose_among(const Scope *scope, const std::vector<Node *> &sorted, const std::string &what, Outcome &seen)
    {
        auto open = undecided(scope, sorted);
        for (int resno : open)
            seen.columns[resno] = Open::any;
        if (!open.empty())
            note(scope, what + " " + sorting(scope->query->sortClause), hint_order);
    }

    // The output columns that differ between rows with the same values in ORDER BY.
    static std::vector<int> undecided(const Scope *scope, const std::vector<Node *> &sorted)
    {
        Decided decided(scope, Decided::Of::results, sorted);
        std::vector<int> open;
        for (auto *entry : pg::items<TargetEntry>(scope->query->targetList))
            if (!entry->resjunk && scope->demanded.count(entry->resno) != 0 &&
                !decided.covers(reinterpret_cast<Node *>(entry->expr)))
                open.push_back(entry->resno);
        return open;
    }

    Open openness(const Scope *scope, Node *node)
    {
        if (node == nullptr)
            return Open::no;
        switch (nodeTag(node)) {
        case T_Var:
            return of_column(scope, reinterpret_cast<Var *>(node));
        case T_SubLink:
            return of_sublink(scope, reinterpret_cast<SubLink *>(node));
        case T_Aggref:
            return of_aggregate(scope, reinterpret_cast<Aggref *>(node));
        case T_WindowFunc:
            return of_window_function(scope, reinterpret_cast<WindowFunc *>(node));
        case T_Query:
            return Open::no;
        default:
            return through(node, children(scope, node));
        }
    }

    Open children(const Scope *scope, Node *node)
    {
        Open open = Open::no;
        pg::walk_children(node, [&](Node *child) {
            open = wider(open, openness(scope, child));
            return false;
        });
        return open;
    }

    // What is left open of an expression whose inputs are.
    static Open through(Node *node, Open open)
    {
        if (open == Open::no || open == Open::any)
            return open;
        bool hands_on = IsA(node, List) || IsA(node, TargetEntry) || IsA(node, FromExpr) || IsA(node, JoinExpr) || IsA(node, CoalesceExpr);
        if (IsA(node, RelabelType))
            hands_on = pg::compares_alike(node, reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg));
        if (IsA(node, CollateExpr))
            hands_on = pg::compares_alike(node, reinterpret_cast<Node *>(reinterpret_cast<CollateExpr *>(node)->arg));
        if (hands_on)
            return open;
        if (open == Open::image)  // a comparison sees equal values alike
            return IsA(node, OpExpr) && compares(reinterpret_cast<OpExpr *>(node)) ? Open::no : Open::any;
        return keeps_arrays(node) ? open : Open::any;
    }

    // Whether it compares as a btree does, and in the collation its sides were merged in.
    static bool compares(const OpExpr *operation)
    {
        return pg::call([&] {
            bool alike = get_op_btree_interpretation(operation->opno) != NIL;
            for (int i = 0; i < list_length(operation->args); ++i)
                alike &= pg::same_equality(exprCollation(static_cast<Node *>(list_nth(operation->args, i))), operation->inputcollid);
            return alike;
        });
    }

    Open of_column(const Scope *scope, const Var *var)
    {
        for (Index up = var->varlevelsup; up > 0; --up)
            scope = scope->lexical;
        const Source &source = scope->sources[var->varno];
        if (source.kind == Source::subquery)
            return var->varattno == 0 ? outcome(source.scope).all() : outcome(source.scope).column(var->varattno);
        if (source.kind != Source::join)
            return Open::no;
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(scope->query->rtable, static_cast<int>(var->varno) - 1));
        if (var->varattno == 0)
            return openness(scope, reinterpret_cast<Node *>(rte->joinaliasvars));
        return openness(scope, static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1)));
    }

    Open of_sublink(const Scope *scope, const SubLink *sublink)
    {
        const Scope *inner = scope->sublink_scope(sublink);
        if (inner == nullptr)
            return Open::no;
        asked_for_.try_emplace(inner, entry_);
        const Outcome &seen = outcome(inner);
        if (seen.rows)
            return Open::any;
        Open value = seen.all();
        switch (sublink->subLinkType) {
        case EXISTS_SUBLINK:
            return Open::no;
        case EXPR_SUBLINK:
            return value;
        case ARRAY_SUBLINK:
            if (value != Open::no && value != Open::order)
                return Open::any;
            if (gives_one_order(inner))
                return value;
            note(scope, std::string("ARRAY(SELECT ...) ") + sorting(inner->query->sortClause), hint_order);
            return Open::order;
        default:
            return std::max(value, openness(scope, sublink->testexpr)) > Open::image ? Open::any : Open::no;
        }
    }

    // Whether the level's rows come in one order, as far as anybody can tell them apart.
    static bool gives_one_order(const Scope *scope)
    {
        const Query *query = scope->query;
        if (query->sortClause != nullptr)
            return undecided(scope, expressions_of(query->sortClause, query->targetList)).empty();
        bool computes = query->groupClause != nullptr || query->groupingSets != nullptr || query->distinctClause != nullptr ||
                        query->hasWindowFuncs || query->setOperations != nullptr;
        bool one_row = query->hasAggs && query->groupClause == nullptr && query->groupingSets == nullptr;
        return one_row || (!computes && reads_in_one_order(scope));
    }

    // A function in FROM, VALUES, or a subquery with ORDER BY, and nothing beside it: its rows are read as they come.
    static bool reads_in_one_order(const Scope *scope)
    {
        const List *from = scope->query->jointree->fromlist;
        if (pg::length(from) == 0)
            return true;
        auto *only = static_cast<Node *>(pg::nth(from, 0));
        if (pg::length(from) > 1 || !IsA(only, RangeTblRef))
            return false;
        const Source &source = scope->sources[reinterpret_cast<RangeTblRef *>(only)->rtindex];
        if (source.kind == Source::subquery)
            return !source.scope->recursion && !source.scope->recursive && gives_one_order(source.scope);
        return source.kind == Source::other;
    }

    Open of_aggregate(const Scope *scope, Aggref *aggregate)
    {
        Open inputs = children(scope, reinterpret_cast<Node *>(aggregate));
        AggregateTraits traits = aggregate_traits(aggregate);
        if (inputs != Open::no && !(inputs == Open::order && traits.makes_array))
            inputs = Open::any;
        Open own = of_its_order(scope, aggregate, traits);
        return inputs == Open::no ? own : own == Open::no ? inputs : wider(inputs, own);
    }

    Open of_its_order(const Scope *scope, Aggref *aggregate, const AggregateTraits &traits)
    {
        auto *first = pg::length(aggregate->args) == 0 ? nullptr : static_cast<TargetEntry *>(pg::nth(aggregate->args, 0));
        auto *picked = first == nullptr ? nullptr : reinterpret_cast<Node *>(first->expr);
        if (traits.picks && picked != nullptr && !equal_is_identical(picked)) {
            note(scope, traits.name + "() of " + type_name(picked) + " values that are equal but look different", hint_image);
            return Open::image;
        }
        if (!traits.sensitive || inputs_decided(scope, aggregate, traits))
            return Open::no;
        if (traits.floating)
            note(scope, traits.name + "() of floating-point numbers, which depends on the order of addition", hint_float);
        else
            note(scope, traits.name + "() " + sorting(aggregate->aggorder), hint_aggregate);
        return traits.makes_array ? Open::order : Open::any;
    }

    // Whether the values come in one order, as far as they differ and it matters.
    static bool inputs_decided(const Scope *scope, const Aggref *aggregate, const AggregateTraits &traits)
    {
        const Query *query = scope->query;
        bool grouped = query->groupClause != nullptr || query->groupingSets != nullptr;
        if (aggregate->aggorder == nullptr && aggregate->aggdistinct == nullptr && !grouped && reads_in_one_order(scope))
            return true;
        std::vector<Node *> known = expressions_of(aggregate->aggorder, aggregate->args);
        append(known, expressions_of(aggregate->aggdistinct, aggregate->args));
        if (traits.by_key)
            known.push_back(reinterpret_cast<Node *>(static_cast<TargetEntry *>(pg::nth(aggregate->args, 0))->expr));
        if (query->groupingSets == nullptr)
            append(known, expressions_of(query->groupClause, query->targetList));
        return all_covered(Decided(scope, Decided::Of::rows, known), aggregate->args);
    }

    static bool all_covered(const Decided &decided, const List *entries)
    {
        for (auto *entry : pg::items<TargetEntry>(entries))
            if (!entry->resjunk && !decided.covers(reinterpret_cast<Node *>(entry->expr)))
                return false;
        return true;
    }

    Open of_window_function(const Scope *scope, WindowFunc *function)
    {
        if (children(scope, reinterpret_cast<Node *>(function)) != Open::no)
            return Open::any;
        const Query *query = scope->query;
        auto *window = static_cast<WindowClause *>(pg::nth(query->windowClause, static_cast<int>(function->winref) - 1));
        bool whole = (window->frameOptions & FRAMEOPTION_START_UNBOUNDED_PRECEDING) &&
                     ((window->frameOptions & FRAMEOPTION_END_UNBOUNDED_FOLLOWING) || window->orderClause == nullptr) &&
                     !(window->frameOptions & FRAMEOPTION_EXCLUSION);
        bool by_rows = (window->frameOptions & FRAMEOPTION_ROWS) && !whole;
        WindowTraits traits = window_traits(function, by_rows);
        if (!traits.sensitive)
            return Open::no;
        auto known = expressions_of(window->partitionClause, query->targetList);
        append(known, expressions_of(window->orderClause, query->targetList));
        Decided decided(scope, Decided::Of::results, known);
        bool inputs = true;
        for (Node *argument : pg::nodes(function->args))
            inputs &= decided.covers(argument);
        bool rows = (traits.of_values && !by_rows) || tells_rows_apart(scope, decided);
        if (inputs && rows)
            return Open::no;
        note(scope, traits.name + "() over a window " + sorting(window->orderClause), hint_order);
        return Open::any;
    }

    // Whether rows with the same values in PARTITION BY and ORDER BY show the same in everything but their window functions.
    static bool tells_rows_apart(const Scope *scope, const Decided &decided)
    {
        for (auto *entry : pg::items<TargetEntry>(scope->query->targetList)) {
            bool shown = scope->demanded.count(entry->resno) != 0 && !IsA(entry->expr, WindowFunc);
            if (shown && !decided.covers(reinterpret_cast<Node *>(entry->expr)))
                return false;
        }
        return true;
    }

    const ScopeTree &tree_;
    std::map<const Scope *, Outcome> outcomes_;
    std::map<int, std::vector<std::pair<std::string, std::string>>> notes_;
    const TargetEntry *entry_ = nullptr;      // being examined
    std::map<const Scope *, const TargetEntry *> asked_for_;      // of a subquery in an expression: whose it is
};

}  // namespace

Undetermined find_undetermined(const Query *query, const Environment &environment)
{
    ScopeTree tree(static_cast<Query *>(pg::call(copyObjectImpl, query)), environment);
    return Finder(tree).run();
}

}  // namespace tviews::analyze
