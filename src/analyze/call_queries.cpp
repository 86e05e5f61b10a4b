// Building trees for calls; see call_queries.hpp.
#include "analyze/call_queries.hpp"

#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// SELECT … FROM (query): a level round it, whose targets are made of its columns.  C-side.
Query *level_round(Query *query, const char *name)
{
    List *names = NIL;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (!entry->resjunk)
            names = lappend(names, makeString(pstrdup(entry->resname ? entry->resname : "?column?")));
    auto *rte = makeNode(RangeTblEntry);
    rte->rtekind = RTE_SUBQUERY;
    rte->subquery = query;
    rte->eref = makeAlias(name, names);
    rte->lateral = true;
    rte->inFromCl = true;
    auto *reference = makeNode(RangeTblRef);
    reference->rtindex = 1;
    auto *round = makeNode(Query);
    round->commandType = CMD_SELECT;
    round->canSetTag = true;
    round->rtable = list_make1(rte);
    round->jointree = makeFromExpr(list_make1(reference), nullptr);
    return round;
}

// The columns of the only range table entry.  C-side.
List *columns_of(const Query *query)
{
    List *columns = NIL;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (!entry->resjunk)
            columns = lappend(columns, makeVarFromTargetEntry(1, entry));
    return columns;
}

}  // namespace

Node *substituted(Node *node, const List *arguments, Index depth)
{
    if (node == nullptr)
        return nullptr;
    if (IsA(node, Query))
        return reinterpret_cast<Node *>(pg::mutate_query_children(
            reinterpret_cast<Query *>(node), [&](Node *child) { return substituted(child, arguments, depth + 1); }));
    auto *param = reinterpret_cast<Param *>(node);
    if (!IsA(node, Param) || param->paramkind != PARAM_EXTERN || param->paramid > pg::length(arguments))
        return pg::mutate_children(node, [&](Node *child) { return substituted(child, arguments, depth); });
    auto *argument = static_cast<Node *>(pg::nth(arguments, param->paramid - 1));
    return pg::call([&] {
        auto *copy = static_cast<Node *>(copyObjectImpl(argument));
        IncrementVarSublevelsUp(copy, static_cast<int>(depth), 0);
        return copy;
    });
}

void keep_first_row(Query *query)
{
    if (query->limitCount == nullptr && query->sortClause == NIL)
        return;                               // no order: which row comes first is not determined
    auto *one = reinterpret_cast<Node *>(makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(1), false, true));
    if (query->limitCount == nullptr) {
        query->limitCount = one;
        query->limitOption = LIMIT_OPTION_COUNT;
        return;
    }
    auto *least = makeNode(MinMaxExpr);
    least->minmaxtype = INT8OID;
    least->op = IS_LEAST;
    least->args = list_make2(query->limitCount, one);
    least->location = -1;
    query->limitCount = reinterpret_cast<Node *>(least);
}

Query *as_row(Query *query, Oid type, const char *name)
{
    auto *row = makeNode(RowExpr);
    row->args = columns_of(query);
    row->row_typeid = type;
    row->row_format = COERCE_IMPLICIT_CAST;
    row->location = -1;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (!entry->resjunk)
            row->colnames = lappend(row->colnames, makeString(pstrdup(entry->resname ? entry->resname : "?column?")));
    Query *round = level_round(query, name);
    IncrementVarSublevelsUp(reinterpret_cast<Node *>(query), 1, 1);       // the level comes between
    round->targetList = list_make1(makeTargetEntry(reinterpret_cast<Expr *>(row), 1, pstrdup(name), false));
    return round;
}

Query *select_of(Node *value, TupleDesc columns)
{
    IncrementVarSublevelsUp(value, 1, 0);
    auto *query = makeNode(Query);
    query->commandType = CMD_SELECT;
    query->canSetTag = true;
    query->jointree = makeFromExpr(NIL, nullptr);
    query->hasSubLinks = true;
    for (int i = 0; i < (columns ? columns->natts : 1); ++i) {
        Node *column = value;
        if (columns != nullptr) {
            Form_pg_attribute attribute = TupleDescAttr(columns, i);
            auto *field = makeNode(FieldSelect);
            field->arg = static_cast<Expr *>(copyObjectImpl(value));
            field->fieldnum = static_cast<AttrNumber>(i + 1);
            field->resulttype = attribute->atttypid;
            field->resulttypmod = attribute->atttypmod;
            field->resultcollid = attribute->attcollation;
            column = attribute->attisdropped ? reinterpret_cast<Node *>(makeNullConst(INT4OID, -1, InvalidOid))
                                             : reinterpret_cast<Node *>(field);
        }
        query->targetList = lappend(query->targetList, makeTargetEntry(reinterpret_cast<Expr *>(column),
                                                                       static_cast<AttrNumber>(i + 1), pstrdup("?"), false));
    }
    return query;
}

Node *any_null(List *arguments)
{
    List *tests = NIL;
    for (Node *argument : pg::nodes(arguments)) {
        auto *test = makeNode(NullTest);
        test->arg = static_cast<Expr *>(copyObjectImpl(argument));
        test->nulltesttype = IS_NULL;
        test->location = -1;
        tests = lappend(tests, test);
    }
    return tests == NIL ? nullptr : reinterpret_cast<Node *>(makeBoolExpr(OR_EXPR, tests, -1));
}

Query *unless_null(Query *query, List *arguments, const char *name)
{
    Query *round = level_round(query, name);
    AttrNumber next = 1;
    for (Node *column : pg::nodes(columns_of(query)))
        round->targetList = lappend(round->targetList, makeTargetEntry(reinterpret_cast<Expr *>(column), next++, pstrdup("?"), false));
    std::size_t at = 0;
    for (auto *entry : pg::items<TargetEntry>(query->targetList))
        if (!entry->resjunk)
            static_cast<TargetEntry *>(list_nth(round->targetList, static_cast<int>(at++)))->resname = entry->resname;
    auto *test = static_cast<Node *>(copyObjectImpl(any_null(arguments)));
    IncrementVarSublevelsUp(test, 1, 0);
    round->jointree->quals = reinterpret_cast<Node *>(makeBoolExpr(NOT_EXPR, list_make1(test), -1));
    IncrementVarSublevelsUp(reinterpret_cast<Node *>(query), 1, 1);       // the level comes between
    return round;
}

}  // namespace tviews::analyze
