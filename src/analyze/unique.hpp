// Unique indexes: by which columns the rows of a table are told apart.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

struct UniqueIndex {
    Oid index = InvalidOid;
    std::vector<model::AttributeNumber> columns;      // in its order
};

// A unique index over some of these columns (all: of any), by their types' own equality; with `never_null`, over columns that
// are declared NOT NULL.  The primary key before others.  Of an ordinary table without children only.  Locks nothing: this
// runs while rows are captured.
std::optional<UniqueIndex> unique_index(Oid relation, const std::set<model::AttributeNumber> *among, bool never_null);

// Whether the operator is the equality of the column's type by which its unique indexes tell rows apart.
bool is_own_equality(Oid operation, Oid collation, Oid relation, model::AttributeNumber column);

}  // namespace tviews::analyze
