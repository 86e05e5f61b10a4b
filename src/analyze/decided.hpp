// Which expressions of one query level some others decide: the functional dependencies of unique keys and equalities.
//
// Once a post's key is fixed, so is all of the post, and its author too where p.fk_user = u.pk_user.  Two strengths: a value
// fixed up to equality (enough for a lookup in a unique index), and one of which there is only one image.  Looks at indexes, so
// no route may depend on it.  Not here: what has to be decided (undetermined.cpp).
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "analyze/scope.hpp"

namespace tviews::analyze {

// Whether equal values of the expression's type are one value; numeric of a fixed scale is.
bool equal_is_identical(const Node *expression);

class Decided {
public:
    // Of the rows FROM and WHERE give, or of the level's results: the groups, where it groups.
    enum class Of { rows, results };

    // `fixed`: expressions of the scope that have one value, up to equality.
    Decided(const Scope *scope, Of of, const std::vector<Node *> &fixed);

    // Whether the expression then has one value.
    bool covers(Node *expression) const { return known(expression, true); }

private:
    using Column = std::pair<int, int>;       // range table index, attribute

    // An outer join: which entries it can null-extend, by which condition on the others.
    struct Join {
        Node *quals;
        std::set<int> kept, extended;
        bool nested;                          // inside the null-extended side of another one
    };
    struct Equality {
        Node *left, *right;
        int join;                             // whose ON condition it is; -1: it holds in every row
        bool constants;                       // also where one side has no column: no outer join above it
    };

    std::set<int> visit(Node *node, bool nullable);
    void add_join(Node *quals, const std::set<int> &kept, const std::set<int> &extended, bool nested);
    void add_conjuncts(Node *quals, int join, bool constants);
    void fix(Node *expression);
    void fix_column(const Var *var);
    void conclude();
    bool apply(const Equality &equality);
    bool groups_decided() const;
    bool all_rows() const;
    bool row_decided(int rti) const;
    bool found_by_key(int rti) const;
    bool subquery_row_decided(int rti) const;
    bool gives_one_row(const Query *query) const;
    bool outputs_decided(int rti, const Query *query, const List *clauses) const;
    bool function_row_decided(int rti) const;
    bool matching_decided(int rti) const;
    bool kept_side_decided(const Join &join) const;
    bool numbers_rows(Node *expression) const;
    bool known(Node *node, bool identical) const;
    bool children_known(Node *node) const;
    bool outside_known(Node *node, Index depth) const;
    Node *plain(Node *node) const;
    RangeTblEntry *entry(int rti) const;

    const Scope *scope_;
    Of of_;
    std::vector<Node *> fixed_;
    std::set<Column> equal_, identical_, matched_;    // matched_: not NULL, because an equality holds
    std::set<int> rows_;
    bool groups_ = false;
    std::vector<Join> joins_;
    std::vector<Equality> equalities_;
};

}  // namespace tviews::analyze
