// Indexes over join columns: by which the rows that equalities ask for are found without a plan.
#pragma once

#include <optional>
#include <vector>

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

struct Equated {
    model::AttributeNumber column = 0;
    Oid operation = InvalidOid;
    Oid collation = InvalidOid;
};

struct JoinIndex {
    Oid index = InvalidOid;
    std::vector<std::size_t> order;       // its first columns, as numbers of those that were asked for
};

// A btree whose first columns are these, all of them, by these equalities between values of one type; of several the narrowest.
// Of an ordinary table.  Locks nothing, as unique_index().
std::optional<JoinIndex> join_index(Oid relation, const std::vector<Equated> &columns);

}  // namespace tviews::analyze
