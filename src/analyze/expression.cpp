// Traced expressions as SQL text; see expression.hpp.
#include "analyze/expression.hpp"

#include <algorithm>
#include <functional>

#include "analyze/names.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// How a cast is written; none if the node is no cast.
CoercionForm *cast_form(Node *node)
{
    switch (nodeTag(node)) {
    case T_FuncExpr:
        return &reinterpret_cast<FuncExpr *>(node)->funcformat;
    case T_RelabelType:
        return &reinterpret_cast<RelabelType *>(node)->relabelformat;
    case T_CoerceViaIO:
        return &reinterpret_cast<CoerceViaIO *>(node)->coerceformat;
    case T_ArrayCoerceExpr:
        return &reinterpret_cast<ArrayCoerceExpr *>(node)->coerceformat;
    case T_ConvertRowtypeExpr:
        return &reinterpret_cast<ConvertRowtypeExpr *>(node)->convertformat;
    case T_CoerceToDomain:
        return &reinterpret_cast<CoerceToDomain *>(node)->coercionformat;
    default:
        return nullptr;
    }
}

bool is_elsewhere(Oid operation)
{
    return operator_schema(operation) != PG_CATALOG_NAMESPACE;
}

bool are_of_several_schemas(const std::vector<Oid> &operators)
{
    return std::any_of(operators.begin(), operators.end(), [&](Oid operation) {
        return pg::call(operator_schema, operation) != pg::call(operator_schema, operators.front());
    });
}

// The operators of conditions between columns, of rows or of JOIN USING, one for each.
std::vector<Oid> operators_of(Node *conditions)
{
    std::vector<Oid> found;
    if (conditions == nullptr)
        return found;
    if (IsA(conditions, OpExpr))
        return {reinterpret_cast<OpExpr *>(conditions)->opno};
    if (IsA(conditions, RowCompareExpr))
        for (int i = 0; i < pg::length(reinterpret_cast<RowCompareExpr *>(conditions)->opnos); ++i)
            found.push_back(lfirst_oid(&reinterpret_cast<RowCompareExpr *>(conditions)->opnos->elements[i]));
    if (IsA(conditions, BoolExpr))
        for (Node *condition : pg::nodes(reinterpret_cast<BoolExpr *>(conditions)->args))
            for (Oid operation : operators_of(condition))
                found.push_back(operation);
    return found;
}

// Whether CASE x WHEN y compares by an operator that is not PostgreSQL's own.
bool compares_elsewhere(const CaseExpr *choice)
{
    bool elsewhere = false;
    for (auto *when : pg::items<CaseWhen>(choice->args)) {
        if (!IsA(when->expr, OpExpr))
            return false;
        elsewhere |= pg::call(is_elsewhere, reinterpret_cast<OpExpr *>(when->expr)->opno);
    }
    return elsewhere;
}

// C-side.
Node *is_null(const OpExpr *operation, int side)
{
    auto *test = makeNode(NullTest);
    test->arg = static_cast<Expr *>(copyObjectImpl(list_nth(operation->args, side)));
    test->nulltesttype = IS_NULL;
    test->location = -1;
    return reinterpret_cast<Node *>(test);
}

// NOT COALESCE(x = y, x IS NULL AND y IS NULL).  C-side.
Node *written_distinct(const DistinctExpr *distinct)
{
    auto *equal = static_cast<OpExpr *>(copyObjectImpl(distinct));
    NodeSetTag(equal, T_OpExpr);
    List *tests = NIL;
    for (int side : {0, 1})
        tests = lappend(tests, is_null(distinct, side));
    auto *either = makeNode(CoalesceExpr);
    either->coalescetype = BOOLOID;
    either->args = list_make2(equal, makeBoolExpr(AND_EXPR, tests, -1));
    either->location = -1;
    return reinterpret_cast<Node *>(make_notclause(reinterpret_cast<Expr *>(either)));
}

// CASE WHEN x = y THEN NULL ELSE x END.  C-side.
Node *written_nullif(const NullIfExpr *nullif)
{
    auto *equal = static_cast<OpExpr *>(copyObjectImpl(nullif));
    NodeSetTag(equal, T_OpExpr);
    equal->opresulttype = BOOLOID;
    auto *value = static_cast<Node *>(linitial(nullif->args));
    auto *when = makeNode(CaseWhen);
    when->expr = reinterpret_cast<Expr *>(equal);
    when->result = reinterpret_cast<Expr *>(makeNullConst(exprType(value), -1, exprCollation(value)));
    when->location = -1;
    auto *choice = makeNode(CaseExpr);
    choice->casetype = exprType(value);
    choice->casecollid = exprCollation(value);
    choice->args = list_make1(when);
    choice->defresult = static_cast<Expr *>(copyObjectImpl(value));
    choice->location = -1;
    return reinterpret_cast<Node *>(choice);
}

// CASE WHEN x = y …, of CASE x WHEN y …: in each comparison the left side stands for x.
Node *written_case(const CaseExpr *choice)
{
    auto *copy = reinterpret_cast<CaseExpr *>(pg::call(copyObjectImpl, static_cast<const void *>(choice)));
    std::function<Node *(Node *)> put = [&](Node *node) {
        return node == nullptr || IsA(node, CaseTestExpr) ? reinterpret_cast<Node *>(choice->arg) : pg::mutate_children(node, put);
    };
    for (auto *when : pg::items<CaseWhen>(copy->args)) {
        auto *comparison = reinterpret_cast<OpExpr *>(when->expr);
        linitial(comparison->args) = put(static_cast<Node *>(pg::nth(comparison->args, 0)));
    }
    copy->arg = nullptr;
    return reinterpret_cast<Node *>(copy);
}

// Of rows a, b and x, y: a <= x AND (a < x OR b < y).
Node *written_rows(const RowCompareExpr *rows)
{
    bool less = rows->rctype == ROWCOMPARE_LT || rows->rctype == ROWCOMPARE_LE;
    return pg::call([&] {
        auto compare = [&](int column, Oid operation) {
            auto *comparison = make_opclause(operation, BOOLOID, false, static_cast<Expr *>(copyObjectImpl(list_nth(rows->largs, column))),
                                             static_cast<Expr *>(copyObjectImpl(list_nth(rows->rargs, column))), InvalidOid,
                                             list_nth_oid(rows->inputcollids, column));
            set_opfuncid(reinterpret_cast<OpExpr *>(comparison));
            return comparison;
        };
        auto member = [&](int column, int strategy) {
            Oid left, right;
            op_input_types(list_nth_oid(rows->opnos, column), &left, &right);
            Oid operation = get_opfamily_member(list_nth_oid(rows->opfamilies, column), left, right, static_cast<int16>(strategy));
            if (!OidIsValid(operation))
                elog(ERROR, "missing operator %d(%u,%u) in opfamily %u", strategy, left, right, list_nth_oid(rows->opfamilies, column));
            return operation;
        };
        int column = list_length(rows->opnos) - 1;
        Expr *written = compare(column, list_nth_oid(rows->opnos, column));
        while (column-- > 0) {
            Expr *past = compare(column, member(column, less ? BTLessStrategyNumber : BTGreaterStrategyNumber));
            Expr *upto = compare(column, member(column, less ? BTLessEqualStrategyNumber : BTGreaterEqualStrategyNumber));
            written = makeBoolExpr(AND_EXPR, list_make2(upto, makeBoolExpr(OR_EXPR, list_make2(past, written), -1)), -1);
        }
        return reinterpret_cast<Node *>(written);
    });
}

// The same with the operators written out that search_path may not have.
Node *naming_operators(Node *node)
{
    if (!leaves_operator_open(node))
        return node;
    if (IsA(node, CaseExpr))
        return written_case(reinterpret_cast<CaseExpr *>(node));
    if (IsA(node, RowCompareExpr))
        return written_rows(reinterpret_cast<RowCompareExpr *>(node));
    return pg::call([&] {
        return IsA(node, DistinctExpr) ? written_distinct(reinterpret_cast<DistinctExpr *>(node))
                                       : written_nullif(reinterpret_cast<NullIfExpr *>(node));
    });
}

// Replaces each base column by a parameter, which deparses as $n, and notes what the n-th input is.  `depth` counts the
// queries round the node: inside the EXISTS that resolve.cpp puts round functions, base columns are outer references.
Node *number_inputs(Node *node, std::vector<model::ColumnRef> &inputs, Index depth)
{
    if (node == nullptr)
        return nullptr;
    if (IsA(node, Query))
        return reinterpret_cast<Node *>(pg::mutate_query_children(
            reinterpret_cast<Query *>(node), [&](Node *child) { return number_inputs(child, inputs, depth + 1); }));
    bool base = IsA(node, Var) && reinterpret_cast<Var *>(node)->varlevelsup == depth;
    if (!base) {
        Node *copy = pg::mutate_children(naming_operators(node), [&](Node *child) { return number_inputs(child, inputs, depth); });
        CoercionForm *form = cast_form(copy);
        if (form != nullptr && *form == COERCE_IMPLICIT_CAST)     // PostgreSQL would leave it out below another cast
            *form = COERCE_EXPLICIT_CAST;
        return copy;
    }
    auto *var = reinterpret_cast<Var *>(node);
    model::ColumnRef column{static_cast<int>(var->varno) - 1, var->varattno};
    auto at = std::find(inputs.begin(), inputs.end(), column);
    auto number = static_cast<int>(at - inputs.begin()) + 1;
    if (at == inputs.end())
        inputs.push_back(column);
    return pg::call([&] {
        auto *param = makeNode(Param);
        param->paramkind = PARAM_EXTERN;
        param->paramid = number;
        param->paramtype = var->vartype;
        param->paramtypmod = var->vartypmod;
        param->paramcollid = var->varcollid;
        param->location = -1;
        return reinterpret_cast<Node *>(param);
    });
}

}  // namespace

bool leaves_operator_open(Node *node)
{
    switch (nodeTag(node)) {
    case T_DistinctExpr:
    case T_NullIfExpr:
        return pg::call(is_elsewhere, reinterpret_cast<OpExpr *>(node)->opno);
    case T_CaseExpr:
        return reinterpret_cast<CaseExpr *>(node)->arg != nullptr && compares_elsewhere(reinterpret_cast<CaseExpr *>(node));
    case T_RowCompareExpr:
        return are_of_several_schemas(operators_of(node));
    case T_SubLink:
        return are_of_several_schemas(operators_of(reinterpret_cast<SubLink *>(node)->testexpr));
    case T_JoinExpr: {
        auto *join = reinterpret_cast<JoinExpr *>(node);
        auto operators = join->usingClause != nullptr ? operators_of(join->quals) : std::vector<Oid>{};
        return std::any_of(operators.begin(), operators.end(), [](Oid operation) { return pg::call(is_elsewhere, operation); });
    }
    default:
        return false;
    }
}

model::Expression to_expression(Node *tree)
{
    model::Expression expression;
    Node *numbered = number_inputs(tree, expression.inputs, 0);
    expression.text = pg::call([&]() -> const char * { return deparse_expression(numbered, NIL, false, true); });
    struct Kind {
        Oid type, collation;
    };
    Kind kind = pg::call([&] { return Kind{exprType(tree), exprCollation(tree)}; });
    expression.type = describe_type(kind.type, kind.collation);
    return expression;
}

bool may_fail(Node *tree)
{
    auto is_value = [](Node *node) { return IsA(node, Var) || IsA(node, Const); };
    if (IsA(tree, OpExpr) && pg::length(reinterpret_cast<OpExpr *>(tree)->args) == 2) {
        auto *operation = reinterpret_cast<OpExpr *>(tree);
        Node *left = pg::strip_relabel(static_cast<Node *>(pg::nth(operation->args, 0)));
        Node *right = pg::strip_relabel(static_cast<Node *>(pg::nth(operation->args, 1)));
        if (is_value(left) && is_value(right) && pg::call([&] { return get_op_btree_interpretation(operation->opno) != NIL; }))
            return false;         // comparing values as a btree does raises nothing
    }
    return pg::call(contain_leaked_vars, tree);
}

std::optional<model::Equality> equality_of(Node *tree)
{
    if (!IsA(tree, OpExpr) || pg::length(reinterpret_cast<OpExpr *>(tree)->args) != 2)
        return std::nullopt;
    auto *operation = reinterpret_cast<OpExpr *>(tree);
    auto *left = static_cast<Node *>(pg::nth(operation->args, 0));
    auto *right = static_cast<Node *>(pg::nth(operation->args, 1));
    struct Facts {
        bool equality, deterministic, default_family, hashable;
        Oid left_type, right_type;
    };
    Facts facts = pg::call([&] {
        Oid type = exprType(left);
        TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
        Oid collation = operation->inputcollid;
        return Facts{op_mergejoinable(operation->opno, type) || op_hashjoinable(operation->opno, type),
                     !OidIsValid(collation) || get_collation_isdeterministic(collation),
                     OidIsValid(cache->btree_opf) && op_in_opfamily(operation->opno, cache->btree_opf),
                     op_hashjoinable(operation->opno, type),
                     exprType(pg::strip_relabel(left)), exprType(pg::strip_relabel(right))};
    });
    if (!facts.equality)
        return std::nullopt;
    model::Equality equality;
    equality.left = to_expression(pg::strip_relabel(left));
    equality.right = to_expression(pg::strip_relabel(right));
    if (equality.left.occurrences().size() != 1 || equality.right.occurrences().size() != 1)
        return std::nullopt;
    equality.same_type = facts.left_type == facts.right_type && facts.deterministic && facts.default_family;
    equality.operation = operation->opno;
    equality.collation = operation->inputcollid;
    equality.hashable = facts.hashable;
    return equality;
}

namespace {

// The comparison in `NOT x IS DISTINCT FROM y`.
const OpExpr *not_distinct(Node *tree)
{
    if (!IsA(tree, BoolExpr) || reinterpret_cast<BoolExpr *>(tree)->boolop != NOT_EXPR)
        return nullptr;
    auto *negated = static_cast<Node *>(pg::nth(reinterpret_cast<BoolExpr *>(tree)->args, 0));
    return IsA(negated, DistinctExpr) ? reinterpret_cast<OpExpr *>(negated) : nullptr;
}

// The comparison in `(x op y) IS NOT FALSE`, if it is NULL where x or y is, and nowhere else: a btree has no use for others.
const OpExpr *not_false(Node *tree)
{
    if (!IsA(tree, BooleanTest) || reinterpret_cast<BooleanTest *>(tree)->booltesttype != IS_NOT_FALSE)
        return nullptr;
    auto *tested = reinterpret_cast<Node *>(reinterpret_cast<BooleanTest *>(tree)->arg);
    if (!IsA(tested, OpExpr) || pg::length(reinterpret_cast<OpExpr *>(tested)->args) != 2)
        return nullptr;
    auto *operation = reinterpret_cast<OpExpr *>(tested);
    return pg::call([&] { return get_op_btree_interpretation(operation->opno) != NIL; }) ? operation : nullptr;
}

}  // namespace

std::vector<model::Expression> cases_of(Node *tree)
{
    const OpExpr *same = not_distinct(tree);
    const OpExpr *operation = same != nullptr ? same : not_false(tree);
    if (operation == nullptr)
        return {};
    auto *compared = pg::call([&] {
        auto *plain = static_cast<Node *>(copyObjectImpl(operation));
        NodeSetTag(plain, T_OpExpr);
        return plain;
    });
    Node *left = pg::call(is_null, operation, 0), *right = pg::call(is_null, operation, 1);
    if (same == nullptr)
        return {to_expression(compared), to_expression(left), to_expression(right)};
    auto *both = pg::call([&] { return reinterpret_cast<Node *>(makeBoolExpr(AND_EXPR, list_make2(left, right), -1)); });
    return {to_expression(compared), to_expression(both)};
}

}  // namespace tviews::analyze
