// Tracing an expression of some scope down to base columns.
//
// A function in FROM (unnest(p.tags) AS tag) is part of the row its arguments come from: an expression that uses its columns
// becomes EXISTS (SELECT FROM the function WHERE the expression).  Where an outer join can leave the function empty, the expression
// has to be one that is not true then.
//
// In a subquery that stands beside grouping sets, a column of the groups is NULL in some of them, though it is in no row: there
// too the expression has to be one that is not true then.
//
// In: an expression and the place it stands.  Out: the same expression in which every Var is a base column, written as
// Var(varno = occurrence + 1, varattno = column), and for each occurrence how its value came here.  A set operation on
// the way gives one result per branch.  An expression that cannot be traced gives a reason.
//
// The rules about passing a scope's border, and why, are at `passes` in resolve.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyze/scope.hpp"

namespace tviews::analyze {

// How one occurrence's columns arrive in an expression.
struct Arrival {
    Scope *referenced_in = nullptr;     // the scope whose range table the Var pointed into
    std::set<int> entries;              // and the range table entries
    bool nullable = false;              // an outer join below the expression can null-extend it
    std::vector<Scope *> crossed;       // scopes between referenced_in and the occurrence
    std::set<Scope *> handed_on;        // recursions among them whose step hands the value on unchanged
    std::string blocked;                // why changed rows inside cannot be followed out; empty if they can
    bool by_equality = false;           // crossed a border that merges equal, not identical, values
};

struct Resolved {
    Node *tree = nullptr;
    std::map<int, Arrival> arrivals;    // by occurrence
    std::vector<int> branches;          // ids of the set-operation branches chosen
    std::string blocked;                // why no constant found on the way holds for all output rows; empty if it does
    std::string failure;                // why it could not be traced; empty if it was
};

// Where an expression stands: the scope, and the entries an outer join below that place can null-extend.
struct Place {
    Scope *scope = nullptr;
    std::set<int> nullable;
    bool after_grouping = false;  // it may stand there: columns are those of groups
};

// Traces `expression`.  With `extra_column` the ANY sublink's PARAM_SUBLINKs mean the output columns of `sublink`.
std::vector<Resolved> resolve(Node *expression, const Place &place, Scope *sublink = nullptr);

// Traces one output column of a scope as whoever reads the scope sees it.
std::vector<Resolved> resolve_output(Scope *scope, TargetEntry *entry);

}  // namespace tviews::analyze
