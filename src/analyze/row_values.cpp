// Recognising values of one row; see row_values.hpp.
#include "analyze/row_values.hpp"

#include "pg/row_expressions.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// Whether a function may give another result than before, or be defined anew while the TVIEW stays: PostgreSQL's own give what the
// query would at the same moment, those of an extension's library if they are immutable.  A PostgreSQL callback.
bool is_unsuitable(Oid function, void *)
{
    char volatility = func_volatile(function);
    if (function < FirstNormalObjectId)
        return volatility == PROVOLATILE_VOLATILE;
    HeapTuple row = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(row))
        return true;
    Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(row))->prolang;
    ReleaseSysCache(row);
    return volatility != PROVOLATILE_IMMUTABLE || (language != ClanguageId && language != INTERNALlanguageId);
}

// Whether a node, whatever is below it, reads nothing, gives one value, and depends on nothing but that.
bool is_suitable(Node *node)
{
    switch (nodeTag(node)) {
    case T_FuncExpr:
        if (reinterpret_cast<FuncExpr *>(node)->funcretset)
            return false;
        break;
    case T_OpExpr:
        if (reinterpret_cast<OpExpr *>(node)->opretset)
            return false;
        break;
    case T_List:
    case T_Const:
    case T_DistinctExpr:
    case T_NullIfExpr:
    case T_ScalarArrayOpExpr:
    case T_BoolExpr:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CaseTestExpr:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_RelabelType:
    case T_CollateExpr:
    case T_CoerceViaIO:
    case T_ArrayCoerceExpr:
    case T_ArrayExpr:
    case T_SubscriptingRef:
    case T_FieldSelect:
    case T_NamedArgExpr:
        break;
    default:
        return false;
    }
    return !pg::call([&] { return check_functions_in_node(node, is_unsuitable, nullptr); });
}

class Rewriter {
public:
    explicit Rewriter(const ColumnOf &column_of) : column_of_(column_of) {}

    // The expression with the row's columns as those of relation 1; meaningless once it has failed.
    Node *rewrite(Node *node)
    {
        if (node == nullptr || failed_)
            return node;
        if (IsA(node, Var))
            return column(reinterpret_cast<Var *>(node));
        failed_ = !is_suitable(node);
        return failed_ ? node : pg::mutate_children(node, [&](Node *child) { return rewrite(child); });
    }

    bool failed() const { return failed_; }
    const std::vector<model::AttributeNumber> &columns() const { return columns_; }

private:
    Node *column(const Var *var)
    {
        auto number = var->varlevelsup == 0 ? column_of_(var) : std::nullopt;
        failed_ = !number || *number <= 0;
        if (failed_)
            return nullptr;
        columns_.push_back(*number);
        return pg::call([&] {
            return reinterpret_cast<Node *>(makeVar(1, *number, var->vartype, var->vartypmod, var->varcollid, 0));
        });
    }

    const ColumnOf &column_of_;
    std::vector<model::AttributeNumber> columns_;
    bool failed_ = false;
};

}  // namespace

std::optional<RowValue> row_value(Node *value, const ColumnOf &column_of)
{
    Oid type = pg::call(exprType, value);
    if (type == UNKNOWNOID || pg::call(get_typtype, type) == TYPTYPE_PSEUDO)
        return std::nullopt;
    Rewriter rewriter(column_of);
    Node *expression = rewriter.rewrite(value);
    if (rewriter.failed() || rewriter.columns().empty())
        return std::nullopt;
    return RowValue{rewriter.columns(), IsA(value, Var) ? "" : pg::RowExpressions::text(expression), type};
}

}  // namespace tviews::analyze
