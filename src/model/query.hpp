// The vocabulary all stages share: what the analysis of a defining query found.
//
// Plain C++ values, no PostgreSQL header: the algorithms over them (route.hpp, hop_sql in plan/) are tested without a server.
// The worked example of all comments is the blog: tb_post p JOIN tb_user u ON u.pk_user = p.fk_user
// LEFT JOIN tb_comment c ON c.fk_post = p.pk_post, key pk_post.
//
//   occurrence  one appearance of a base relation (or tv_* table) per reference path: p, u and c
//   condition   a conjunct of the query over base columns: u.pk_user = p.fk_user
//   hop         one direction in which conditions may be walked from a changed row to the rows it is combined with
//   target      what gives the key: p, by its column pk_post
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tviews::model {

using ObjectId = std::uint32_t;
using AttributeNumber = std::int16_t;

inline constexpr AttributeNumber whole_row = 0;

struct Type {
    ObjectId id = 0;
    std::string name;             // schema-qualified SQL, without type modifier
    std::string array_name;       // of the array type over it; empty if there is none (arrays have none)
    std::string collation;        // qualified SQL name when it is not the type's default, else empty
    bool discrete = true;         // equal values are identical and can be hashed: UNION keeps every one of them
    friend bool operator==(const Type &, const Type &) = default;
    // Parameter $n, an array of values of this type, as a set in a select list.
    std::string unnested(std::size_t parameter) const;
    // Parameter $n, a value of this type.
    std::string value(std::size_t parameter) const;
};

struct ColumnRef {
    int occurrence = -1;
    AttributeNumber attribute = 0;
    friend auto operator<=>(const ColumnRef &, const ColumnRef &) = default;
};

// SQL text over base columns; $1, $2 … in the text stand for inputs[0], inputs[1] …
struct Expression {
    std::string text;
    std::vector<ColumnRef> inputs;
    Type type;

    bool is_column() const { return inputs.size() == 1 && text == "$1"; }
    std::set<int> occurrences() const;
    // The text with name(input) in place of each input.
    std::string render(const std::function<std::string(const ColumnRef &)> &name) const;
};

struct Attribute {
    AttributeNumber number = 0;
    std::string name;             // unquoted; empty for the whole row
    Type type;
};

struct Occurrence {
    ObjectId relation = 0;
    std::string relation_name;    // qualified SQL
    std::string path;             // how the query reaches it, for people: "p", "comments.c"
    bool inherit = true;          // false for FROM ONLY
    ObjectId reader = 0;          // role whose privileges the query reads it with; 0: the TVIEW's owner
    std::set<AttributeNumber> used;   // columns whose change can change the result; whole_row means all
    std::vector<Attribute> attributes;  // the columns any expression or `used` mentions
    std::vector<int> branches;    // set-operation branches it lies in, outermost first
    int recursion = -1;           // the recursive query whose step it lies in, the innermost
    std::vector<Expression> filters;      // conditions over it alone, true of all its rows that matter
    int shared_value = -1;        // the shared value it goes into, if the result depends on it through that alone
    int earlier = -1;             // not a table of the query: the row of this occurrence in an earlier turn of its recursion

    const Attribute *attribute(AttributeNumber number) const;
};

// One side of an equality, each over a single occurrence.
struct Equality {
    Expression left;
    Expression right;
    bool same_type = false;       // left's value may stand for right's: same type, collation that does not matter
    ObjectId operation = 0;       // the operator and its collation
    ObjectId collation = 0;
    bool hashable = false;        // both sides have hash functions that agree with it
};

struct Condition {
    Expression expression;        // boolean, over exactly two occurrences
    std::optional<Equality> equality;
    std::vector<Expression> cases;    // none, or it is true where one of these is, and rows are joined faster by each
    bool may_fail = false;        // it may raise an error for rows that the query's other conditions keep from it
};

// A row of a recursion's step in an output row of the recursion: that of any turn, of the first or of the last (recursion.hpp).
enum class Turn { any, first, last };

// Walking from `from` to `to` is sound under `condition`, for results that come through all of `branches`.
struct Hop {
    int from = -1;
    int to = -1;
    int condition = -1;
    std::vector<int> branches;    // of set operations, that rows of `from` need not lie in
    Turn leaves = Turn::any;      // the turn whose rows it leaves from
    Turn arrives = Turn::any;     // and that of the rows it comes to
};

// A rejected hop, kept to explain why a route is missing.
struct Obstacle {
    int occurrence = -1;
    std::optional<Expression> condition;
    std::string reason;
};

// One occurrence that gives values for some of the key's columns.
struct Target {
    struct Part {
        int key_column = 0;       // index into Analysis::key
        Expression expression;    // over `occurrence` alone (or constant)
    };
    int occurrence = -1;          // -1: a constant key value
    std::vector<Part> parts;
    Turn turn = Turn::any;        // the turn whose rows have the key
};

// Every output row takes its key from each alternative's occurrence or not at all: a changed row must be walked to all of
// them, but to any one of an alternative's targets.
struct Alternative {
    std::vector<Target> targets;
    std::vector<int> branches;    // the set-operation branches it speaks for
};

// A UNION, INTERSECT or EXCEPT, or a recursive query.
struct SetOperation {
    std::vector<int> branches;    // an output row comes from one of them
    std::vector<int> inside;      // the branches of others that it lies in
};

// A query that gives the same to all documents; without a change in its rows nothing behind it changes a document.
struct SharedValue {
    std::string sql;
    std::string path;             // for people
    ObjectId reader = 0;
    bool ordered = false;         // its rows come in an order that may matter
};

struct KeyColumn {
    std::string name;             // unquoted
    Type type;
    std::string equals;           // the equality of the type's default btree operator class: OPERATOR(schema.=)
    bool hashable = true;         // whether the type has a hash function that agrees with it
    bool identical = false;       // whether equal values always look the same
};

// A column of a row, or a value computed of its columns alone, that the query puts into an output column, or at a path inside its
// jsonb objects.
struct Copy {
    std::vector<AttributeNumber> columns;     // one for each time the value refers to it
    std::string output;           // empty: inside an element of an array
    std::vector<std::string> path;
    std::string computed;         // as pg::RowExpressions takes it; empty: the column as it is
    ObjectId type = 0;            // then its type
    AttributeNumber column() const { return columns.front(); }
};

// An array in the documents, read as made of rows of `occurrence`: each of its elements tells of which by `identity`.
struct CopiedArray {
    int occurrence = -1;
    std::string output;
    std::vector<std::string> path;
    std::vector<Copy> identity;   // of columns that no two of its rows agree in
};

// An occurrence with columns that the query only copies, once into each document it is behind, or into elements of an array.
struct CopiedRow {
    int occurrence = -1;
    ObjectId index = 0;           // a unique index of its table, over columns that are never null
    std::vector<AttributeNumber> identity;    // its columns, in its order
    std::set<AttributeNumber> columns;        // those that stand in copies alone
    std::vector<Copy> copies;     // each of one of these columns at least
    bool in_array = false;
    std::vector<CopiedArray> arrays;      // the readings of that array, if so
};

// A row of `by` is combined, if at all, with the one row of `occurrence` that these conditions hold for.
struct Determination {
    int occurrence = -1;
    int by = -1;
    std::vector<int> conditions;
};

struct Analysis {
    std::vector<Occurrence> occurrences;
    std::vector<Condition> conditions;
    std::vector<Hop> hops;
    std::vector<Obstacle> obstacles;
    std::vector<KeyColumn> key;
    std::vector<Alternative> alternatives;
    std::string no_key_route;     // why no alternative exists at all, when alternatives is empty
    std::vector<CopiedRow> copied_rows;
    std::vector<Determination> determinations;
    std::set<int> key_owners;     // occurrences of which one row alone is behind each document, known by the key
    std::vector<SetOperation> set_operations;
    std::vector<SharedValue> shared_values;
    std::vector<Hop> turns;       // from one turn of a recursion to the next, or back
};

// The expression for people, with path.column for its inputs.
std::string describe(const Analysis &analysis, const Expression &expression);

}  // namespace tviews::model
