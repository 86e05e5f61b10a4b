// An index that is not there: while one of these lives, the planner plans this session's statements as if it were.
//
// The planner asks a hook what is known of a table; ours adds a btree index to what it found, with the size such an index
// would have.  So a cost with the index is the planner's own estimate, with the statistics the table has, as for an index just
// created; only statistics on the values of an expression, which PostgreSQL gathers once its index exists, are missing, and
// index-only scans are left out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inspect/indexes.hpp"
#include "pg/guard.hpp"

namespace tviews::inspect {

// The definition of an index on those of the wanted parts that can be indexed.
struct IndexDefinition {
    Oid relation;
    std::string columns;          // as CREATE INDEX takes them
    // Not CONCURRENTLY on a partitioned table, where PostgreSQL cannot.
    std::string sql() const;
};

// Nothing if none of the parts can: the type has no order, or a function is not immutable.
std::optional<IndexDefinition> define_index(const IndexAdvice &advice);

class HypotheticalIndex {
public:
    explicit HypotheticalIndex(const IndexDefinition &definition);
    ~HypotheticalIndex();
    HypotheticalIndex(const HypotheticalIndex &) = delete;
    HypotheticalIndex &operator=(const HypotheticalIndex &) = delete;
};

}  // namespace tviews::inspect
