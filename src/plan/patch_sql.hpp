// The SQL of patches: setting copied columns in stored documents without building them again (analyze/copies.hpp).
//
// Gives the same columns as a comparison (rebuild_sql.hpp).  No PostgreSQL header: tested without a server.
#pragma once

#include <set>
#include <string>

#include "model/query.hpp"
#include "plan/rebuild_sql.hpp"
#include "plan/walk_sql.hpp"

namespace tviews::plan {

// Sets the columns `changed` of the analysis' copied row, as they are now, in the documents with these keys; the key's values
// come as a step's rows do.
RowsStatement patch(const Relations &relations, const model::Analysis &analysis, const std::set<model::AttributeNumber> &changed);

}  // namespace tviews::plan
