// Row sets as parameters; see row_parameters.hpp.
#include "pg/row_parameters.hpp"

namespace tviews::pg {

std::vector<Oid> array_types(const RowSet &rows)
{
    std::vector<Oid> types;
    for (std::size_t column = 0; column < rows.width(); ++column)
        types.push_back(rows.array_type(column));
    return types;
}

Parameters as_arrays(const RowSet &rows)
{
    return as_arrays(rows, 0, rows.size());
}

Parameters as_arrays(const RowSet &rows, std::size_t from, std::size_t to)
{
    Parameters parameters;
    for (std::size_t column = 0; column < rows.width(); ++column)
        parameters.values.push_back(rows.array(column, from, to));
    return parameters;
}

std::vector<Oid> value_types(const RowSet &rows)
{
    std::vector<Oid> types;
    for (std::size_t column = 0; column < rows.width(); ++column)
        types.push_back(rows.type(column));
    return types;
}

Parameters as_values(const RowSet &rows, std::size_t row)
{
    Parameters parameters;
    for (std::size_t column = 0; column < rows.width(); ++column) {
        parameters.values.push_back(rows.value(row, column));
        parameters.nulls.push_back(rows.is_null(row, column) ? 'n' : ' ');
    }
    return parameters;
}

}  // namespace tviews::pg
