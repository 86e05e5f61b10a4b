// The SQL that compares a TVIEW with its query, for some keys or for all, and the SQL that writes what differs.
//
// A comparison gives one row per document on either side:
//   action   "char": i insert, u update, d delete, s same
//   ctid     of the stored row, NULL for i
//   then the definition's columns as the query gives them (NULL for d)
// No PostgreSQL header: tested without a server.
#pragma once

#include <string>
#include <vector>

#include "model/query.hpp"

namespace tviews::plan {

// Names the statements use beside the definition's own columns.
inline constexpr const char *reserved_columns[] = {"?found", "?tid", "?action", "?key"};

struct Relations {
    std::string table;            // qualified SQL
    std::string view;
    std::vector<std::string> columns;   // the definition's output columns, unquoted
    bool stamps = true;           // the table's updated_at is ours to set
};

// Compares the documents whose key columns `part` (indexes into key) have the values given as one array per column.
// One lookup per key: the LATERAL barrier makes the key a parameter that the planner pushes into grouped subqueries.
std::string compare_keys(const Relations &relations, const std::vector<model::KeyColumn> &key,
                         const std::vector<int> &part);

// The same for one key, whose values are the parameters.
std::string compare_key(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::vector<int> &part);

// The same for a large share of the table: one pass over the query, joined with the keys.
std::string compare_bulk(const Relations &relations, const std::vector<model::KeyColumn> &key,
                         const std::vector<int> &part);

// The texts of comparing documents: one, some, a large share, all.
struct Comparisons {
    std::string one;
    std::string some;
    std::string bulk;
    std::string all;
};

// Compares everything.
std::string compare_all(const Relations &relations, const std::vector<model::KeyColumn> &key);

// The keys of all rows of the query.
std::string all_keys(const Relations &relations, const std::vector<model::KeyColumn> &key);

// The keys of the documents that differ from the query, whatever side has them.
std::string differing_keys(const Relations &relations, const std::vector<model::KeyColumn> &key);

// Compares everything, or the share $1 (0 to 1) of the keys that a hash seeded with $2 picks; gives action, tid and, where
// the sides differ, the key as jsonb.
std::string verify(const Relations &relations, const std::vector<model::KeyColumn> &key, bool sample);

// The rows of the query that have the key of the stored row at `tid`.
std::string query_rows_like(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::string &tid);

// Parameters: the definition's columns in order.
std::string insert_row(const Relations &relations);
// Parameters: the definition's columns in order, then the ctid.
std::string update_row(const Relations &relations);
// Parameter: the ctid.
std::string delete_row(const Relations &relations);

}  // namespace tviews::plan
