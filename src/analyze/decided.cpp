// Closing a set of fixed values under keys and equalities; see decided.hpp.
#include "analyze/decided.hpp"

#include <algorithm>

#include "analyze/names.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// The columns of each unique index that decides whole rows; negative where NULLs may repeat.  C-side: may raise.
List *unique_indexes(Oid relation, bool inherit)
{
    List *found = NIL;
    Relation table = relation_open(relation, AccessShareLock);
    bool spread = inherit && table->rd_rel->relkind == RELKIND_RELATION && has_subclass(relation);
    List *indexes = spread ? NIL : RelationGetIndexList(table);
    for (int i = 0; i < pg::length(indexes); ++i) {
        Relation index = index_open(lfirst_oid(&indexes->elements[i]), AccessShareLock);
        Form_pg_index form = index->rd_index;
        List *columns = NIL;
        bool usable = form->indisunique && form->indisvalid && form->indimmediate &&
                      heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr);
        for (int k = 0; usable && k < form->indnkeyatts; ++k) {
            AttrNumber number = form->indkey.values[k];
            usable = number > 0;
            if (!usable)
                break;
            Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), number - 1);
            Oid collation = column->attcollation;
            usable = !OidIsValid(collation) || collation == index->rd_indcollation[k] || get_collation_isdeterministic(collation);
            columns = lappend_int(columns, column->attnotnull ? number : -number);
        }
        index_close(index, AccessShareLock);
        if (usable)
            found = lappend(found, columns);
    }
    relation_close(table, AccessShareLock);
    return found;
}

bool is_constant_one(const Node *node)
{
    if (node == nullptr || !IsA(node, Const))
        return false;
    auto *constant = reinterpret_cast<const Const *>(node);
    return !constant->constisnull && DatumGetInt64(constant->constvalue) <= 1;
}

// Whether equal values of the type look the same: its operator class says so, or all it is made of does.  C-side: may raise.
bool looks_identical(Oid type, int32 modifier, Oid collation)
{
    check_stack_depth();
    type = getBaseTypeAndTypmod(type, &modifier);
    if ((type == NUMERICOID || type == BPCHAROID) && modifier >= 0)
        return true;
    if (OidIsValid(get_element_type(type)))
        return looks_identical(get_element_type(type), modifier, collation);
    if (type_is_range(type))
        return looks_identical(get_range_subtype(type), -1, get_range_collation(type));
    if (get_typtype(type) != TYPTYPE_COMPOSITE)
        return equal_is_identical(type, collation);
    TupleDesc row = lookup_rowtype_tupdesc_copy(type, -1);
    for (int i = 0; i < row->natts; ++i) {
        Form_pg_attribute part = TupleDescAttr(row, i);
        if (!part->attisdropped && !looks_identical(part->atttypid, part->atttypmod, part->attcollation))
            return false;
    }
    return true;
}

Var column_of(const Var *var)
{
    Var column = *var;
    column.varlevelsup = 0;
    return column;
}

}  // namespace

bool equal_is_identical(const Node *expression)
{
    return pg::call([&] { return looks_identical(exprType(expression), exprTypmod(expression), exprCollation(expression)); });
}

Decided::Decided(const Scope *scope, Of of, const std::vector<Node *> &fixed) : scope_(scope), of_(of)
{
    visit(reinterpret_cast<Node *>(scope->query->jointree), false);
    for (Node *expression : fixed)
        fix(expression);
    conclude();
}

RangeTblEntry *Decided::entry(int rti) const
{
    return static_cast<RangeTblEntry *>(pg::nth(scope_->query->rtable, rti - 1));
}

// Notes the equalities below `node`; returns the range table entries it joins.
std::set<int> Decided::visit(Node *node, bool nullable)
{
    std::set<int> members;
    if (node == nullptr)
        return members;
    if (IsA(node, RangeTblRef)) {
        members.insert(reinterpret_cast<RangeTblRef *>(node)->rtindex);
    } else if (IsA(node, FromExpr)) {
        auto *from = reinterpret_cast<FromExpr *>(node);
        for (Node *child : pg::nodes(from->fromlist))
            members.merge(visit(child, nullable));
        add_conjuncts(from->quals, -1, !nullable);
    } else if (IsA(node, JoinExpr)) {
        auto *join = reinterpret_cast<JoinExpr *>(node);
        bool keeps_left = join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL;
        bool keeps_right = join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL;
        members = visit(join->larg, nullable || keeps_right);
        std::set<int> right = visit(join->rarg, nullable || keeps_left);
        if (!keeps_left && !keeps_right)
            add_conjuncts(join->quals, -1, !nullable);
        if (keeps_left)
            add_join(join->quals, members, right, nullable || keeps_right);
        if (keeps_right)
            add_join(join->quals, right, members, nullable || keeps_left);
        members.merge(right);
    }
    return members;
}

void Decided::add_join(Node *quals, const std::set<int> &kept, const std::set<int> &extended, bool nested)
{
    joins_.push_back({quals, kept, extended, nested});
    add_conjuncts(quals, static_cast<int>(joins_.size()) - 1, true);
}

void Decided::add_conjuncts(Node *quals, int join, bool constants)
{
    for (Node *conjunct : pg::conjuncts(quals)) {
        if (!IsA(conjunct, OpExpr) || pg::length(reinterpret_cast<OpExpr *>(conjunct)->args) != 2)
            continue;
        auto *operation = reinterpret_cast<OpExpr *>(conjunct);
        Equality equality{static_cast<Node *>(pg::nth(operation->args, 0)), static_cast<Node *>(pg::nth(operation->args, 1)), join,
                          constants};
        bool usable = pg::call([&] {
            return op_mergejoinable(operation->opno, exprType(equality.left)) &&
                   (!OidIsValid(operation->inputcollid) || get_collation_isdeterministic(operation->inputcollid));
        });
        if (usable)
            equalities_.push_back(equality);
    }
}

// The same value without what changes none of it: join aliases, COLLATE, casts between types that compare alike.
Node *Decided::plain(Node *node) const
{
    for (;;) {
        if (IsA(node, Var)) {
            auto *var = reinterpret_cast<Var *>(node);
            if (var->varlevelsup > 0 || var->varattno <= 0 || scope_->sources[var->varno].kind != Source::join)
                return node;
            node = static_cast<Node *>(pg::nth(entry(static_cast<int>(var->varno))->joinaliasvars, var->varattno - 1));
            continue;
        }
        Node *inner = nullptr;
        if (IsA(node, RelabelType))
            inner = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
        else if (IsA(node, CollateExpr))
            inner = reinterpret_cast<Node *>(reinterpret_cast<CollateExpr *>(node)->arg);
        if (inner == nullptr || !pg::compares_alike(node, inner))
            return node;
        node = inner;
    }
}

void Decided::fix(Node *expression)
{
    Node *node = plain(expression);
    fixed_.push_back(node);
    if (IsA(node, Var) && reinterpret_cast<Var *>(node)->varlevelsup == 0)
        fix_column(reinterpret_cast<Var *>(node));
}

void Decided::fix_column(const Var *var)
{
    Column column{static_cast<int>(var->varno), var->varattno};
    equal_.insert(column);
    if (equal_is_identical(reinterpret_cast<const Node *>(var)))
        identical_.insert(column);
}

void Decided::conclude()
{
    bool more = true;
    while (more && !groups_) {
        more = false;
        groups_ = of_ == Of::results && groups_decided();
        for (const Equality &equality : equalities_)
            more |= apply(equality);
        bool numbered = std::any_of(fixed_.begin(), fixed_.end(), [&](Node *node) { return numbers_rows(node); });
        for (int rti = 1; rti < static_cast<int>(scope_->sources.size()); ++rti)
            if (rows_.count(rti) == 0 && (numbered || row_decided(rti))) {
                rows_.insert(rti);
                more = true;
            }
    }
}

// Carries one side's value over to the other.  True if that is news.
bool Decided::apply(const Equality &equality)
{
    const Join *join = equality.join < 0 ? nullptr : &joins_[equality.join];
    if (join != nullptr && !kept_side_decided(*join))
        return false;
    bool news = false;
    for (auto [from, to] : {std::pair{equality.left, equality.right}, std::pair{equality.right, equality.left}}) {
        Node *target = plain(to), *source = plain(from);
        if (!IsA(target, Var) || reinterpret_cast<Var *>(target)->varlevelsup > 0)
            continue;
        auto *var = reinterpret_cast<Var *>(target);
        if (join != nullptr && join->extended.count(static_cast<int>(var->varno)) == 0)
            continue;
        bool column = IsA(source, Var) && reinterpret_cast<Var *>(source)->varlevelsup == 0;
        if ((!column && !equality.constants) || !known(source, false))
            continue;
        fix_column(var);
        news |= matched_.insert({static_cast<int>(var->varno), var->varattno}).second;
    }
    return news;
}

// Whether the rows an outer join keeps say which rows they match, or that they match none.
bool Decided::kept_side_decided(const Join &join) const
{
    bool decided = true, any = false;
    std::function<bool(Node *)> look = [&](Node *node) {
        if (IsA(node, SubLink) || IsA(node, Query)) {
            decided = false;
            return true;
        }
        if (IsA(node, Var)) {
            auto *var = reinterpret_cast<Var *>(node);
            if (var->varlevelsup > 0 || join.extended.count(static_cast<int>(var->varno)) != 0)
                return false;
            any = true;
            decided &= known(node, true);
        }
        return pg::walk_children(node, look);
    };
    if (join.quals != nullptr)
        look(join.quals);
    return decided && (any || !join.nested);
}

bool Decided::matching_decided(int rti) const
{
    return std::all_of(joins_.begin(), joins_.end(), [&](const Join &join) {
        return join.extended.count(rti) == 0 || kept_side_decided(join);
    });
}

bool Decided::groups_decided() const
{
    const Query *query = scope_->query;
    if (query->groupingSets != nullptr)
        return false;
    if (query->groupClause == nullptr)
        return query->hasAggs || query->havingQual != nullptr;
    for (auto *clause : pg::items<SortGroupClause>(query->groupClause))
        if (!known(pg::call([&] { return get_sortgroupclause_expr(clause, query->targetList); }), false))
            return false;
    return true;
}

bool Decided::all_rows() const
{
    const Query *query = scope_->query;
    if (groups_)
        return true;
    if (query->groupClause != nullptr || query->groupingSets != nullptr || query->setOperations != nullptr)
        return false;
    for (int rti = 1; rti < static_cast<int>(scope_->sources.size()); ++rti)
        if (scope_->sources[rti].kind != Source::none && scope_->sources[rti].kind != Source::join && rows_.count(rti) == 0)
            return false;
    return true;
}

// row_number() tells the rows of a partition apart.
bool Decided::numbers_rows(Node *expression) const
{
    if (!IsA(expression, WindowFunc) || reinterpret_cast<WindowFunc *>(expression)->winfnoid != F_ROW_NUMBER)
        return false;
    const Query *query = scope_->query;
    auto number = static_cast<int>(reinterpret_cast<WindowFunc *>(expression)->winref);
    auto *window = static_cast<WindowClause *>(pg::nth(query->windowClause, number - 1));
    for (auto *clause : pg::items<SortGroupClause>(window->partitionClause))
        if (!known(pg::call([&] { return get_sortgroupclause_expr(clause, query->targetList); }), false))
            return false;
    return true;
}

bool Decided::row_decided(int rti) const
{
    switch (scope_->sources[rti].kind) {
    case Source::relation:
        return found_by_key(rti);
    case Source::subquery:
        return subquery_row_decided(rti);
    case Source::other:
        return function_row_decided(rti);
    default:
        return false;
    }
}

bool Decided::found_by_key(int rti) const
{
    const RangeTblEntry *rte = entry(rti);
    for (auto *index : pg::items<List>(pg::call([&] { return unique_indexes(rte->relid, rte->inh); }))) {
        bool found = true;
        for (int i = 0; i < index->length; ++i) {
            int number = lfirst_int(&index->elements[i]);
            Column column{rti, std::abs(number)};
            found &= equal_.count(column) != 0 && (number > 0 || matched_.count(column) != 0);
        }
        if (found)
            return true;
    }
    return false;
}

bool Decided::gives_one_row(const Query *query) const
{
    bool aggregates = (query->hasAggs || query->havingQual != nullptr) && query->groupClause == nullptr &&
                      query->groupingSets == nullptr;
    return !query->hasTargetSRFs && (aggregates || is_constant_one(query->limitCount));
}

// Whether the subquery's output columns behind these clauses are fixed.
bool Decided::outputs_decided(int rti, const Query *query, const List *clauses) const
{
    for (auto *clause : pg::items<SortGroupClause>(clauses)) {
        TargetEntry *output = pg::call([&] { return get_sortgroupclause_tle(clause, query->targetList); });
        if (output->resjunk || equal_.count({rti, output->resno}) == 0)
            return false;
    }
    return clauses != nullptr;
}

bool Decided::subquery_row_decided(int rti) const
{
    const Scope *inner = scope_->sources[rti].scope;
    const Query *query = inner->query;
    if (inner->recursion || inner->recursive || inner->earlier)
        return false;
    if (entry(rti)->lateral && !outside_known(reinterpret_cast<Node *>(inner->query), 0))
        return false;
    if (gives_one_row(query))
        return matching_decided(rti);
    std::vector<Node *> outputs;
    bool all = true;
    for (auto *output : pg::items<TargetEntry>(query->targetList)) {
        if (output->resjunk)
            continue;
        bool fixed = equal_.count({rti, output->resno}) != 0;
        all &= fixed;
        if (fixed)
            outputs.push_back(reinterpret_cast<Node *>(output->expr));
    }
    if (query->setOperations != nullptr)
        return all && !reinterpret_cast<SetOperationStmt *>(query->setOperations)->all;
    if (outputs_decided(rti, query, query->distinctClause))
        return true;
    if (query->hasTargetSRFs || query->groupingSets != nullptr)
        return false;
    return outputs_decided(rti, query, query->groupClause) ||
           (!outputs.empty() && Decided(inner, Of::results, outputs).all_rows());
}

// A function that gives one row, or a row by its number.
bool Decided::function_row_decided(int rti) const
{
    const RangeTblEntry *rte = entry(rti);
    if (rte->rtekind == RTE_VALUES)
        return pg::length(rte->values_lists) == 1 && children_known(reinterpret_cast<Node *>(rte->values_lists)) &&
               matching_decided(rti);
    if (rte->rtekind == RTE_RESULT)
        return matching_decided(rti);
    if (rte->rtekind != RTE_FUNCTION || !matching_decided(rti))
        return false;
    bool one_row = true;
    for (auto *function : pg::items<RangeTblFunction>(rte->functions)) {
        one_row &= !pg::call(expression_returns_set, function->funcexpr);
        if (!children_known(function->funcexpr))
            return false;
    }
    return one_row || (rte->funcordinality && equal_.count({rti, pg::length(rte->eref->colnames)}) != 0);
}

// `identical`: as one image, not only up to equality.
bool Decided::known(Node *node, bool identical) const
{
    if (node == nullptr || groups_)
        return true;
    node = plain(node);
    if (IsA(node, Const) || IsA(node, Param))
        return true;
    if (IsA(node, Var)) {
        auto *var = reinterpret_cast<Var *>(node);
        Column column{static_cast<int>(var->varno), var->varattno};
        return var->varlevelsup > 0 || rows_.count(column.first) != 0 || identical_.count(column) != 0 ||
               (!identical && equal_.count(column) != 0);
    }
    for (const Node *expression : fixed_)
        if (pg::call([&] { return equal(expression, node); }) && (!identical || equal_is_identical(node)))
            return true;
    if (IsA(node, Aggref) || IsA(node, GroupingFunc))
        return false;
    if (IsA(node, WindowFunc))
        return all_rows();
    bool gives_set = (IsA(node, FuncExpr) && reinterpret_cast<FuncExpr *>(node)->funcretset) ||
                     (IsA(node, OpExpr) && reinterpret_cast<OpExpr *>(node)->opretset);
    return !gives_set && children_known(node);
}

bool Decided::children_known(Node *node) const
{
    return !pg::walk_children(node, [&](Node *child) {
        return IsA(child, Query) ? !outside_known(child, 0) : !known(child, true);
    });
}

// Whether what a subquery uses of this level is known; `depth`: levels between.
bool Decided::outside_known(Node *node, Index depth) const
{
    if (IsA(node, Query))
        return !pg::walk_query_children(reinterpret_cast<Query *>(node), QTW_IGNORE_JOINALIASES,
                                        [&](Node *child) { return !outside_known(child, depth + 1); });
    if (IsA(node, Var)) {
        auto *var = reinterpret_cast<Var *>(node);
        if (var->varlevelsup != depth)
            return true;
        Var column = column_of(var);
        return known(reinterpret_cast<Node *>(&column), true);
    }
    return !pg::walk_children(node, [&](Node *child) { return !outside_known(child, depth); });
}

}  // namespace tviews::analyze
