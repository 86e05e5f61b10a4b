// Evaluating expressions over one row; see row_expressions.hpp.
#include "pg/row_expressions.hpp"

#include <algorithm>

namespace tviews::pg {

std::string RowExpressions::text(Node *expression)
{
    return call([&]() -> const char * { return nodeToString(expression); });
}

void RowExpressions::open(const std::vector<std::string> &texts, TupleDesc rows)
{
    executor_ = CreateExecutorState();
    row_ = MakeSingleTupleTableSlot(rows, &TTSOpsVirtual);
    prepared_ = static_cast<Prepared *>(palloc(sizeof(Prepared) * texts.size()));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto *expression = static_cast<Expr *>(stringToNode(texts[i].c_str()));
        Prepared &prepared = prepared_[i];
        prepared.state = ExecPrepareExpr(expression, executor_);
        get_typlenbyval(exprType(reinterpret_cast<Node *>(expression)), &prepared.length, &prepared.by_value);
    }
}

void RowExpressions::take(const Datum *values, const bool *nulls)
{
    ExecClearTuple(row_);
    std::copy_n(values, row_->tts_tupleDescriptor->natts, row_->tts_values);
    std::copy_n(nulls, row_->tts_tupleDescriptor->natts, row_->tts_isnull);
    ExecStoreVirtualTuple(row_);
    GetPerTupleExprContext(executor_)->ecxt_scantuple = row_;
}

Datum RowExpressions::evaluate(std::size_t number, bool *is_null)
{
    const Prepared &prepared = prepared_[number];
    ExprContext *context = GetPerTupleExprContext(executor_);
    Datum value = ExecEvalExprSwitchContext(prepared.state, context, is_null);
    Datum kept = *is_null ? 0 : datumCopy(value, prepared.by_value, prepared.length);
    ResetExprContext(context);
    return kept;
}

void RowExpressions::close()
{
    ExecDropSingleTupleTableSlot(row_);
    FreeExecutorState(executor_);
}

}  // namespace tviews::pg
