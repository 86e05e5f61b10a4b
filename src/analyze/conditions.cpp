// Finding the hops.
//
// A conjunct that is true in every combination of rows in which its two occurrences are both present links them.  A changed
// row of A reaches, through it, every row of B with which it makes or made a result row, if
//
//   - no other version of the result can depend on A without B being there: B is not inside a subquery that gives rows, or
//     a value, without B (a sublink, the null-extended side of an outer join, an ungrouped aggregate);
//   - A's change cannot show in output rows that carry another value of A's columns (resolve.cpp, the border rules);
//   - an outer join below the conjunct that can null-extend A or B leaves no row for which it is true (it is strict);
//   - where grouping sets, or an outer join round a function in FROM, can make a column NULL, neither is it (resolve.hpp);
//   - an outer join's own ON condition is walked only from the side it can null-extend: on the other side a row stays
//     in the result, unmatched, when the condition is false.
//
// Conjuncts: WHERE and ON conditions split at AND, and `x IN (SELECT y …)` standing as such a conjunct.  Nothing under OR,
// NOT or CASE, but for one thing: wherever `x op ANY (SELECT y …)` stands, a row of the subquery can matter only to rows of
// the outside for which `x op y` is not false, and under ALL only to those for which it is not true.  That includes NULL on
// either side, which is why NOT IN is so rarely what it seems.
#include "analyze/conditions.hpp"

#include <algorithm>

#include "analyze/expression.hpp"
#include "analyze/names.hpp"
#include "analyze/resolve.hpp"
#include "analyze/unique.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

struct JoinSide {
    std::set<int> members;
    std::set<int> nullable;
};

JoinSide united(const JoinSide &left, const JoinSide &right)
{
    JoinSide all = left;
    all.members.insert(right.members.begin(), right.members.end());
    all.nullable.insert(right.nullable.begin(), right.nullable.end());
    return all;
}

// One end of a condition as the model has it.
struct End {
    int occurrence;
    bool turned = false;          // a row of the turn before
    model::Turn turn = model::Turn::any;
    std::vector<int> leaving, entering;   // branches through which the result must come
    const Scope *step = nullptr;  // a base row as this step reads it
    bool handed_on = false;       // in whatever turn; otherwise in the first
    std::string problem;
};

// How a conjunct's truth is asked for; see the head of this file.
enum class Asked { is_true, is_not_false, is_not_true };

// One conjunct and where it stands.
struct Conjunct {
    Node *clause = nullptr;
    Place place;
    // For an outer join's ON condition: the range table entries it can null-extend.
    std::optional<std::set<int>> startable;
    bool keeps_all = false;       // and it leaves no row of either side out
    Scope *sublink = nullptr;     // the subquery of an IN, ANY or ALL comparison
    Asked asked = Asked::is_true;
};

class HopFinder {
public:
    HopFinder(const ScopeTree &tree, model::Analysis &analysis) : tree_(tree), analysis_(analysis) {}

    void run()
    {
        for (const auto &scope : tree_.scopes())
            if (!scope->earlier && !scope->calling.unlinked)
                visit(scope.get(), reinterpret_cast<Node *>(scope->query->jointree));
        for (const auto &scope : tree_.scopes())
            for (const auto &[sublink, inner] : scope->sublinks)
                if (asserted_.count(sublink) == 0 && !scope->earlier && !scope->calling.unlinked)
                    compare_anywhere(scope.get(), sublink, inner);
        for (int i = 0; i < static_cast<int>(analysis_.occurrences.size()); ++i)
            if (const Calling &calling = tree_.scope_of(i)->calling; calling.unlinked)
                analysis_.obstacles.push_back({i, std::nullopt, calling.called.empty() ? "the option reads says that functions read it"
                                                                                       : "a function that is not looked through reads it"});
    }

private:
    JoinSide visit(Scope *scope, Node *node)
    {
        JoinSide side;
        if (node == nullptr)
            return side;
        if (IsA(node, RangeTblRef)) {
            side.members.insert(reinterpret_cast<RangeTblRef *>(node)->rtindex);
        } else if (IsA(node, FromExpr)) {
            auto *from = reinterpret_cast<FromExpr *>(node);
            for (Node *child : pg::nodes(from->fromlist))
                side = united(side, visit(scope, child));
            split(from->quals, {nullptr, {scope, side.nullable}});
        } else if (IsA(node, JoinExpr)) {
            side = visit_join(scope, reinterpret_cast<JoinExpr *>(node));
        }
        return side;
    }

    JoinSide visit_join(Scope *scope, JoinExpr *join)
    {
        JoinSide left = visit(scope, join->larg);
        JoinSide right = visit(scope, join->rarg);
        JoinSide both = united(left, right);
        std::set<int> extended;
        if (join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL)
            extended.insert(right.members.begin(), right.members.end());
        if (join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL)
            extended.insert(left.members.begin(), left.members.end());
        Conjunct conjunct{nullptr, {scope, both.nullable}};
        if (join->jointype != JOIN_INNER)
            conjunct.startable = extended;
        conjunct.keeps_all = join->jointype == JOIN_FULL;
        split(join->quals, conjunct);
        both.nullable.insert(extended.begin(), extended.end());
        if (join->rtindex != 0) {
            both.members.insert(join->rtindex);
            if (!extended.empty())
                both.nullable.insert(join->rtindex);
        }
        return both;
    }

    void split(Node *quals, const Conjunct &place)
    {
        for (Node *node : pg::conjuncts(quals)) {
            Conjunct at = place;
            if (!IsA(node, SubLink)) {
                at.clause = node;
                add(at);
                continue;
            }
            auto *sublink = reinterpret_cast<SubLink *>(node);
            if (sublink->subLinkType != ANY_SUBLINK || at.sublink != nullptr)
                continue;
            at.sublink = at.place.scope->sublink_scope(sublink);
            asserted_.insert(sublink);
            split(sublink->testexpr, at);
        }
    }

    // IN, ANY and ALL where they are no conjunct: in the select list, negated, under OR or CASE.
    void compare_anywhere(Scope *scope, const SubLink *sublink, Scope *inner)
    {
        if (sublink->subLinkType != ANY_SUBLINK && sublink->subLinkType != ALL_SUBLINK)
            return;
        bool any = sublink->subLinkType == ANY_SUBLINK;
        Conjunct at{nullptr, {scope, scope->nullable, true}};
        at.sublink = inner;
        at.asked = any ? Asked::is_not_false : Asked::is_not_true;
        if (any)
            return split(sublink->testexpr, at);      // a row comparison is not false if none of its parts is
        at.clause = sublink->testexpr;
        add(at);
    }

    void add(const Conjunct &conjunct)
    {
        for (Resolved &reading : resolve(conjunct.clause, conjunct.place, conjunct.sublink)) {
            if (!reading.failure.empty()) {
                for (const auto &[occurrence, arrival] : reading.arrivals)
                    analysis_.obstacles.push_back({occurrence, std::nullopt, "a join condition that " + reading.failure});
                continue;
            }
            if (reading.arrivals.size() == 2)
                add_reading(conjunct, reading);
            else if (reading.arrivals.size() == 1 && reading.branches.empty())
                add_filter(conjunct, reading);
        }
    }

    // Rows of a table that do not satisfy it show nowhere: not even in an outer join below it, which would not extend a row that
    // they match.
    void add_filter(const Conjunct &conjunct, const Resolved &reading)
    {
        const auto &[occurrence, arrival] = *reading.arrivals.begin();
        bool here = arrival.crossed.empty() && arrival.referenced_in == conjunct.place.scope && !arrival.nullable;
        if (here && !conjunct.keeps_all && conjunct.asked == Asked::is_true && (!conjunct.startable || starts_inside(conjunct, arrival)))
            analysis_.occurrences[occurrence].filters.push_back(to_expression(reading.tree));
    }

    static bool starts_inside(const Conjunct &conjunct, const Arrival &arrival)
    {
        return arrival.referenced_in == conjunct.place.scope &&
               std::includes(conjunct.startable->begin(), conjunct.startable->end(), arrival.entries.begin(),
                             arrival.entries.end());
    }

    void add_reading(const Conjunct &conjunct, Resolved &reading)
    {
        reading.tree = asked(conjunct.asked, reading);
        model::Condition condition;
        condition.expression = to_expression(reading.tree);
        condition.may_fail = may_fail(reading.tree);
        condition.equality = equality_of(reading.tree);
        condition.cases = cases_of(reading.tree);
        int index = static_cast<int>(analysis_.conditions.size());
        int first = reading.arrivals.begin()->first, second = reading.arrivals.rbegin()->first;
        bool used = false;
        for (auto [from, to] : {std::pair{first, second}, std::pair{second, first}}) {
            std::vector<int> branches;
            std::string reason = rejection(conjunct, reading, condition.equality, from, to, branches);
            End start = end_of(from, reading.arrivals.at(from)), end = end_of(to, reading.arrivals.at(to));
            if (reason.empty())
                reason = constants_of_branches(reading, from, branches);
            if (reason.empty())
                reason = add_hop(start, end, branches, index);
            used |= reason.empty();
            if (!reason.empty())
                analysis_.obstacles.push_back({start.occurrence, condition.expression, reason});
        }
        if (!used)
            return;
        for (int occurrence : {first, second})    // a base row is one of the query, whoever reads it
            if (int real = end_of(occurrence, reading.arrivals.at(occurrence)).occurrence; real != occurrence)
                put(condition, occurrence, real);
        analysis_.conditions.push_back(std::move(condition));
    }

    // A constant that a branch gives leaves no trace but the choice of the branch: the condition holds for results through it.
    std::string constants_of_branches(const Resolved &reading, int from, std::vector<int> &branches) const
    {
        const std::vector<int> &own = analysis_.occurrences[from].branches;
        for (int branch : reading.branches) {
            const Scope *scope = tree_.scopes()[branch].get();
            bool arrives = std::any_of(reading.arrivals.begin(), reading.arrivals.end(), [&](const auto &arrival) {
                const auto &crossed = arrival.second.crossed;
                return std::find(crossed.begin(), crossed.end(), scope) != crossed.end();
            });
            if (arrives || std::find(own.begin(), own.end(), branch) != own.end())
                continue;
            if (scope->earlier)
                return "it holds in some turns of a recursive query only";
            branches.push_back(branch);
        }
        return "";
    }

    // Adds the hop, or says why not.
    std::string add_hop(const End &start, const End &end, std::vector<int> branches, int condition)
    {
        for (const End *side : {&start, &end})
            if (!side->problem.empty())
                return side->problem;
        model::Hop hop{start.occurrence, end.occurrence, condition, std::move(branches), start.turn, end.turn};
        if (start.turned || end.turned) {
            int other = start.turned ? end.occurrence : start.occurrence;
            int itself = analysis_.occurrences[start.turned ? start.occurrence : end.occurrence].earlier;
            if (start.turned == end.turned || itself < 0 ||
                analysis_.occurrences[other].recursion != analysis_.occurrences[itself].recursion)
                return "a recursive query lies between";
            hop.branches.clear();
            analysis_.turns.push_back(std::move(hop));
            return "";
        }
        hop.branches.insert(hop.branches.end(), start.leaving.begin(), start.leaving.end());
        hop.branches.insert(hop.branches.end(), end.entering.begin(), end.entering.end());
        bool from_its_step = end.step != nullptr && in_step(start.occurrence, end.step);
        if (from_its_step && !end.handed_on)
            hop.leaves = model::Turn::first;
        for (const Scope *step : {start.step, from_its_step ? nullptr : end.step})
            if (step != nullptr)
                hop.branches.push_back(step->id);
        analysis_.hops.push_back(std::move(hop));
        return "";
    }

    bool in_step(int occurrence, const Scope *step) const
    {
        return analysis_.occurrences[occurrence].recursion == step->consumer->id;
    }

    // What an arrival is in the model: through which branches of set operations it came, and of which turn of a recursion.
    End end_of(int occurrence, const Arrival &arrival) const
    {
        End end{occurrence};
        for (const Scope *crossed : arrival.crossed) {
            if (crossed->kind != Scope::branch)
                continue;
            const Scope *operation = crossed->consumer;
            bool handed_on = arrival.handed_on.count(crossed->consumer) != 0;
            if (operation->earlier && !operation->consumer->earlier) {
                end.turned = crossed->is_step();
                if (end.turned)
                    continue;
                end.occurrence = analysis_.occurrences[occurrence].earlier;
                end.step = operation->consumer;
                end.handed_on = handed_on;
                continue;
            }
            if (end.turned)
                end.problem = "it lies in a set operation inside a recursive query";
            int branch = crossed->earlier ? crossed->later->id : crossed->id;
            if (!operation->recursion || !handed_on)
                end.entering.push_back(branch);
            if (!operation->recursion)
                continue;
            if (crossed->is_base() && !handed_on)
                end.leaving.push_back(branch);
            if (crossed->is_step() && end.turn != model::Turn::any)
                end.problem = "it lies in a recursive query inside another";
            if (crossed->is_step())
                end.turn = model::Turn::last;
        }
        return end;
    }

    static void put(model::Expression &expression, int old, int now)
    {
        for (model::ColumnRef &input : expression.inputs)
            if (input.occurrence == old)
                input.occurrence = now;
    }

    static void put(model::Condition &condition, int old, int now)
    {
        put(condition.expression, old, now);
        if (condition.equality) {
            put(condition.equality->left, old, now);
            put(condition.equality->right, old, now);
        }
        for (model::Expression &one : condition.cases)
            put(one, old, now);
    }

    // `tree IS NOT FALSE` or `IS NOT TRUE`; the plain comparison, or its negation, where neither side can be NULL, because
    // an index serves that.
    Node *asked(Asked how, const Resolved &reading)
    {
        if (how == Asked::is_true)
            return reading.tree;
        if (IsA(reading.tree, SubLink)) {             // then of each row that functions in FROM give (resolve.hpp)
            auto *functions = reinterpret_cast<Query *>(reinterpret_cast<SubLink *>(reading.tree)->subselect);
            functions->jointree->quals = tested(how, functions->jointree->quals);
            return reading.tree;
        }
        auto *operation = IsA(reading.tree, OpExpr) ? reinterpret_cast<OpExpr *>(reading.tree) : nullptr;
        bool never_null = operation != nullptr && pg::call(op_strict, operation->opno);
        if (never_null)
            for (Node *side : pg::nodes(operation->args))
                never_null &= is_never_null(side, reading);
        if (never_null && how == Asked::is_not_false)
            return reading.tree;
        Oid negator = never_null ? pg::call(get_negator, operation->opno) : InvalidOid;
        if (!OidIsValid(negator))
            return tested(how, reading.tree);
        return pg::call([&] {
            auto *negated = static_cast<OpExpr *>(copyObjectImpl(operation));
            negated->opno = negator;
            negated->opfuncid = get_opcode(negator);
            return reinterpret_cast<Node *>(negated);
        });
    }

    static Node *tested(Asked how, Node *condition)
    {
        return pg::call([&] {
            auto *test = makeNode(BooleanTest);
            test->arg = reinterpret_cast<Expr *>(condition);
            test->booltesttype = how == Asked::is_not_false ? IS_NOT_FALSE : IS_NOT_TRUE;
            test->location = -1;
            return reinterpret_cast<Node *>(test);
        });
    }

    bool is_never_null(Node *side, const Resolved &reading) const
    {
        side = pg::strip_relabel(side);
        if (IsA(side, Const))
            return !reinterpret_cast<Const *>(side)->constisnull;
        if (!IsA(side, Var))
            return false;
        auto *var = reinterpret_cast<Var *>(side);
        int occurrence = static_cast<int>(var->varno) - 1;
        if (reading.arrivals.at(occurrence).nullable || var->varattno <= 0)
            return false;
        Oid relation = analysis_.occurrences[occurrence].relation;
        return pg::call([&] {
            HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(var->varattno));
            if (!HeapTupleIsValid(tuple))
                return false;
            bool not_null = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
            ReleaseSysCache(tuple);
            return not_null;
        });
    }

    // Why the condition may not be walked from `from` to `to`; empty if it may.
    std::string rejection(const Conjunct &conjunct, const Resolved &reading, const std::optional<model::Equality> &equality,
                          int from, int to, std::vector<int> &branches)
    {
        const Arrival &start = reading.arrivals.at(from);
        const Arrival &end = reading.arrivals.at(to);
        Scope *scope = conjunct.place.scope;
        if (!start.blocked.empty())
            return start.blocked;
        if (conjunct.asked != Asked::is_true && !is_inside(conjunct.sublink, start))
            return "the subquery it is compared with may have no row";
        if (start.by_equality && !(equality && compares_column(*equality, from)))
            return "equal values need not be identical where rows are grouped";
        if (conjunct.startable && !starts_inside(conjunct, start))
            return "it is the ON condition of an outer join that keeps unmatched rows of this side";
        for (const Arrival *arrival : {&start, &end})
            if (arrival->nullable && !strict_in(reading.tree, arrival == &start ? from : to))
                return "an outer join can leave its side empty and the condition may hold then";
        if (tree_.scope_of(from)->recursive || tree_.scope_of(to)->recursive)
            return "a recursive query lies between";
        for (Scope *at = scope; at != start.referenced_in; at = at->consumer) {
            if (at->consumer == nullptr)
                return "it reaches outside of its query";
            std::string reason = entering(at, branches);
            if (!reason.empty())
                return reason;
        }
        for (Scope *crossed : end.crossed)
            if (crossed->kind == Scope::sublink)
                return "the other side is inside a subquery of an expression";
        return "";
    }

    static bool is_inside(const Scope *scope, const Arrival &arrival)
    {
        return std::find(arrival.crossed.begin(), arrival.crossed.end(), scope) != arrival.crossed.end();
    }

    // Whether the equality takes values of a column of the occurrence for one just where grouping does.
    bool compares_column(const model::Equality &equality, int occurrence) const
    {
        for (const model::Expression *side : {&equality.left, &equality.right})
            if (side->occurrences().count(occurrence) != 0)
                return side->is_column() && is_own_equality(equality.operation, equality.collation, analysis_.occurrences[occurrence].relation,
                                                            side->inputs.front().attribute);
        return false;
    }

    // Why a change outside of `scope` may show without any row of `scope`; empty if it cannot.
    static std::string entering(const Scope *scope, std::vector<int> &branches)
    {
        const Query *query = scope->query;
        if (scope->kind == Scope::sublink)
            return "the other side is inside a subquery of an expression";
        if (scope->kind == Scope::branch) {
            if (!scope->is_base())                // every result of a recursion comes from a base row
                branches.push_back(scope->id);
            return "";
        }
        if (scope->consumer->nullable.count(scope->rti) != 0)
            return "the other side is inside a subquery that an outer join can leave empty";
        if ((query->hasAggs || query->havingQual != nullptr) && query->groupClause == nullptr)
            return "the other side is inside an aggregate that gives a row even for no rows";
        if (query->groupingSets != nullptr)
            return "the other side is inside grouping sets";
        return "";
    }

    static bool strict_in(Node *tree, int occurrence)
    {
        return pg::call([&] { return bms_is_member(occurrence + 1, find_nonnullable_rels(tree)); });
    }

    const ScopeTree &tree_;
    model::Analysis &analysis_;
    std::set<const SubLink *> asserted_;      // sublinks that stand as conjuncts
};

}  // namespace

void find_hops(const ScopeTree &tree, model::Analysis &analysis)
{
    HopFinder(tree, analysis).run();
}

}  // namespace tviews::analyze
