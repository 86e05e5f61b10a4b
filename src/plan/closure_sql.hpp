// The SQL of a closure (model/recursion.hpp): rows of one occurrence, with those of all later or earlier turns.
//
// No PostgreSQL header: tested without a server.
#pragma once

#include <string>
#include <vector>

#include "model/route.hpp"

namespace tviews::plan {

// `rows`: a FROM item x with the columns c1, c2 … for `columns` of the occurrence; `outputs`: a select list over x.
std::string closure_sql(const model::Analysis &analysis, int occurrence, const std::vector<model::Step> &loop, const std::string &rows,
                        const std::vector<model::AttributeNumber> &columns, const std::string &outputs);

}  // namespace tviews::plan
