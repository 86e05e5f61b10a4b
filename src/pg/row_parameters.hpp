// A row set as parameters of a statement: one array per column, or one row's values.
#pragma once

#include <vector>

#include "pg/row_set.hpp"
#include "pg/spi.hpp"

namespace tviews::pg {

std::vector<Oid> array_types(const RowSet &rows);
Parameters as_arrays(const RowSet &rows);
// Of rows [from, to).
Parameters as_arrays(const RowSet &rows, std::size_t from, std::size_t to);

std::vector<Oid> value_types(const RowSet &rows);
Parameters as_values(const RowSet &rows, std::size_t row);

}  // namespace tviews::pg
