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
inline constexpr const char *reserved_columns[] = {"?found", "?tid", "?action", "?key", "?query", "?stored"};

struct Relations {
    std::string table;            // qualified SQL
    std::string view;
    std::vector<std::string> columns;   // the definition's output columns, unquoted
    bool stamps = true;           // the table's updated_at is ours to set
};

// The query's rows for keys of which all columns are known, in the order `part` (indexes into key), given as one array per
// column: for each key, found (true or NULL), the key's columns, the definition's columns.
// One lookup per key: the LATERAL barrier makes the key a parameter that the planner pushes into grouped subqueries.
std::string query_keys(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::vector<int> &part);

// The same for one key, whose values are the parameters.
std::string query_key(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::vector<int> &part);

// Compares the documents whose key columns `part` have the values given as one array per column, all columns or some.
std::string compare_keys(const Relations &relations, const std::vector<model::KeyColumn> &key,
                         const std::vector<int> &part);

// The same for one key, whose values are the parameters.
std::string compare_key(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::vector<int> &part);

// The same for a large share of the table: one pass over the query, joined with the keys.
std::string compare_bulk(const Relations &relations, const std::vector<model::KeyColumn> &key,
                         const std::vector<int> &part);

// The texts of comparing documents: one, some, a large share, all; and of querying one or some, if the key's columns are all known.
struct Comparisons {
    std::string query_one;
    std::string query_some;
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

// Columns of the definition, by index, that the query leaves open (analyze/undetermined.hpp).
struct OpenColumns {
    std::vector<int> image;       // between equal values
    std::vector<int> order;       // in the order of array elements
    std::vector<int> any;         // in anything
    bool empty() const { return image.empty() && order.empty() && any.empty(); }
};

// Compares everything, or the share $1 (0 to 1) of the keys that a hash seeded with $2 picks.  Gives action, tid, where the sides
// differ the key as jsonb and, if columns are open, of rows with u: whether all that is not open is the same, whether the
// columns of `any` are, and the columns of `order` in the query's row and in the stored one, as two arrays of jsonb.
std::string verify(const Relations &relations, const std::vector<model::KeyColumn> &key, const OpenColumns &open,
                   bool sample);

// The rows of the query that have the key of the stored row at `tid`.
std::string query_rows_like(const Relations &relations, const std::vector<model::KeyColumn> &key, const std::string &tid);

// The rows of the query that have this key; its columns are the parameters.
std::string query_rows_of(const Relations &relations, const std::vector<model::KeyColumn> &key);

// Parameters: the definition's columns in order.  Gives whether the row has become what they say; so does the next.
std::string insert_row(const Relations &relations);
// Parameters: the definition's columns in order, then the ctid.
std::string update_row(const Relations &relations);
// Parameter: the ctid.
std::string delete_row(const Relations &relations);

}  // namespace tviews::plan
