// Values that are computed of the columns of one row alone, by functions that give the same for the same: upper(u.name),
// coalesce(s.on_hand, 0).
//
// Wherever such a value stands it can be computed of the row again, without the query.  Not here: whether it may be set in the
// documents then (copies.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

struct RowValue {
    std::vector<model::AttributeNumber> columns;      // one for each time it refers to one
    std::string text;             // for pg::RowExpressions; empty: the column as it is
    Oid type = InvalidOid;
};

// The row's column that a Var is; none if it is another's.
using ColumnOf = std::function<std::optional<model::AttributeNumber>(const Var *)>;

// The value as one of that row; none if more goes into it, or less: a constant is no row's.
std::optional<RowValue> row_value(Node *value, const ColumnOf &column_of);

}  // namespace tviews::analyze
