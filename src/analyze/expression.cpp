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

// NOT COALESCE(x = y, x IS NULL AND y IS NULL).  C-side.
Node *written_distinct(const DistinctExpr *distinct)
{
    auto *equal = static_cast<OpExpr *>(copyObjectImpl(distinct));
    NodeSetTag(equal, T_OpExpr);
    List *tests = NIL;
    for (Node *side : pg::nodes(distinct->args)) {
        auto *test = makeNode(NullTest);
        test->arg = static_cast<Expr *>(copyObjectImpl(side));
        test->nulltesttype = IS_NULL;
        test->location = -1;
        tests = lappend(tests, test);
    }
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

// The same with the operators written out that search_path may not have.
Node *naming_operators(Node *node)
{
    if (!leaves_operator_open(node))
        return node;
    if (IsA(node, CaseExpr))
        return written_case(reinterpret_cast<CaseExpr *>(node));
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
    if (IsA(node, DistinctExpr) || IsA(node, NullIfExpr))
        return pg::call(is_elsewhere, reinterpret_cast<OpExpr *>(node)->opno);
    if (!IsA(node, CaseExpr) || reinterpret_cast<CaseExpr *>(node)->arg == nullptr)
        return false;
    bool elsewhere = false;
    for (auto *when : pg::items<CaseWhen>(reinterpret_cast<CaseExpr *>(node)->args)) {
        if (!IsA(when->expr, OpExpr))
            return false;
        elsewhere |= pg::call(is_elsewhere, reinterpret_cast<OpExpr *>(when->expr)->opno);
    }
    return elsewhere;
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

std::optional<EqualitySides> equality_sides(Node *tree)
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
    EqualitySides sides;
    sides.equality.left = to_expression(pg::strip_relabel(left));
    sides.equality.right = to_expression(pg::strip_relabel(right));
    if (sides.equality.left.occurrences().size() != 1 || sides.equality.right.occurrences().size() != 1)
        return std::nullopt;
    sides.equality.same_type = facts.left_type == facts.right_type && facts.deterministic && facts.default_family;
    sides.equality.operation = operation->opno;
    sides.equality.collation = operation->inputcollid;
    sides.equality.hashable = facts.hashable;
    sides.default_family = facts.default_family;
    return sides;
}

}  // namespace tviews::analyze
