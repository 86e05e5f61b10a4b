// Analyses drawn by hand, for tests: tables, joins and keys in words that read like the query.
//
// Expressions name their columns as path.column, or path.* for the whole row: "(c.created >= p.created)".
// Not here: finding hops and keys in a query.  A sketch has the ones it is told.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "model/route.hpp"

namespace tviews::test {

inline const model::Type integer{23, "integer", "integer[]", ""};
inline const model::Type text{25, "pg_catalog.text", "pg_catalog.text[]", ""};
inline const model::Type text_in_c{25, "pg_catalog.text", "pg_catalog.text[]", "pg_catalog.\"C\""};
inline const model::Type integers{1007, "integer[]", "", ""};     // there is no array type over an array

struct Column {
    Column(const char *column_name, const model::Type &column_type = integer) : name(column_name), type(column_type) {}
    std::string name;
    model::Type type;
};

class Sketch {
public:
    model::Analysis analysis;

    // An occurrence of public.<table> whose columns are numbered from 1.
    model::Occurrence &table(const std::string &path, const std::string &table, std::initializer_list<Column> columns,
                             const std::vector<int> &branches = {});

    int number(const std::string &path) const;      // of the occurrence
    model::Occurrence &occurrence(const std::string &path) { return analysis.occurrences[number(path)]; }
    model::ColumnRef column(const std::string &path_and_column) const;
    model::Attribute &attribute(const std::string &path_and_column);
    model::Expression expression(const std::string &sql) const;

    // A condition that no hop uses yet; gives its number.
    int condition(const std::string &sql);
    int equality(const std::string &left, const std::string &right, bool same_type = true);

    void hop(const std::string &from, const std::string &to, int condition, std::optional<int> into_branch = std::nullopt);
    void both_ways(const std::string &one, const std::string &other, int condition);
    // left = right, walked both ways, and only from the left, as when an outer join can leave the left side empty.
    void join(const std::string &left, const std::string &right);
    void outer_join(const std::string &left, const std::string &right);

    void obstacle(const std::string &path, const std::string &condition, const std::string &reason);

    // Values for the key columns from `first_column` on.
    model::Target target(const std::vector<std::string> &values, int first_column = 0) const;
    void alternative(const std::vector<model::Target> &targets, const std::vector<int> &branches = {});

    model::Route route(const std::string &path) const;
    // "a -> c (-> p): pk_post = c.fk_post": from a to c, whose fk_post is the key, so that p is not read.  "a ->> a" goes on to
    // the later turns of a recursion, "a <<- a" back to the earlier ones.  Several walks are separated by "; ".
    // "everything: …" gives the reason.
    std::string shown_route(const std::string &path) const;

private:
    std::string shown_walk(int from, const model::Walk &walk) const;
};

// tb_post p JOIN tb_user u ON u.pk_user = p.fk_user LEFT JOIN tb_comment c ON c.fk_post = p.pk_post, key pk_post.
Sketch blog();

}  // namespace tviews::test
