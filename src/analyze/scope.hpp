// Scopes: the defining query as a tree of query levels, with views and CTEs expanded, and its occurrences.
//
// In: an analysed Query.  Out: one Scope per query level *per reference path* (a CTE referenced twice gives two scopes) and
// one Occurrence per base relation in them, with the columns the result depends on.  Only what the result needs is
// followed: an output column of a view that nobody reads brings neither columns nor subqueries in.  Calls of functions that read
// tables become subqueries where that can be (functions.hpp), and outer joins that are inner ones in truth are made so
// (outer_joins.hpp).
//
// Not here: which conditions lead from one occurrence to another (conditions.cpp), and how columns are traced through
// scopes (resolve.hpp).  Assumes that the caller holds locks on the relations and a memory context for the nodes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "analyze/functions.hpp"
#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

struct Scope;

// What one range table entry of a scope is.
struct Source {
    enum Kind { none, relation, subquery, join, turn, other } kind = none;
    int occurrence = -1;          // relation
    Scope *scope = nullptr;       // subquery, view or CTE; turn: the recursion whose earlier rows it gives
};

struct Scope {
    enum Kind { top, derived, branch, sublink, called };   // called: a statement of a function, or what `reads` names

    int id = 0;
    Kind kind = top;
    Query *query = nullptr;
    Query *written = nullptr;     // the same before calls in it were looked through
    Scope *lexical = nullptr;     // where a Var of levelsup 1 points
    Scope *consumer = nullptr;    // the scope that reads its output
    int rti = 0;                  // in the consumer's range table (derived, branch)
    bool recursive = false;       // a recursive CTE that cannot be walked through, or inside one
    bool recursion = false;       // one that can: its branches are base() and step(); see recursion.hpp
    bool earlier = false;         // the earlier turns of a recursion as its step reads them, or inside them
    const Scope *later = nullptr; // the scope it repeats then
    model::ObjectId reader = 0;
    bool separated = false;       // its rows have been told apart from their neighbours (neighbours.hpp)
    Calling calling;
    std::string path;
    std::vector<Source> sources;  // by range table index
    std::vector<Scope *> branches;      // of a set operation
    std::set<int> nullable;       // range table entries that an outer join of this level can null-extend
    std::vector<std::pair<const SubLink *, Scope *>> sublinks;    // in the order of the walk
    std::set<int> demanded;       // output columns (resno) somebody reads

    Scope *base() const { return branches.front(); }
    Scope *step() const { return branches.back(); }
    bool is_base() const { return kind == branch && consumer->recursion && consumer->base() == this; }
    bool is_step() const { return kind == branch && consumer->recursion && !is_base(); }

    // The scope of a sublink; null if it has none (nobody needs its value).
    Scope *sublink_scope(const SubLink *sublink) const;
};

class ScopeTree {
public:
    // Expands `query`; every output column of the top level is demanded.  `neighbours`: rows that share a partition are told
    // apart from the row itself (neighbours.hpp), which gives more occurrences and more ways.
    ScopeTree(Query *query, const Environment &environment, bool neighbours = false);
    bool has_neighbours() const { return !neighbours_.empty(); }
    // Whether the scope's query, or one inside of it, has been rewritten so, and does not mean what it says.
    bool is_rewritten(const Scope *scope) const;

    Scope *top() const { return scopes_.front().get(); }
    const std::vector<std::unique_ptr<Scope>> &scopes() const { return scopes_; }
    std::vector<model::Occurrence> &occurrences() { return occurrences_; }
    Scope *scope_of(int occurrence) const { return occurrence_scopes_[occurrence]; }
    const Functions &functions() const { return functions_; }

    // The range table entry a Var of `scope` means, after following levelsup.
    static Scope *ancestor(Scope *scope, Index levelsup);

private:
    Scope *new_scope(Query *query, Scope::Kind kind, Scope *lexical, Scope *consumer, int rti, const std::string &name);
    Scope *add_scope(Query *query, Scope::Kind kind, Scope *lexical, Scope *consumer, int rti, const std::string &name);
    void build_sources(Scope *scope);
    void build_source(Scope *scope, int rti);
    void add_occurrence(Scope *scope, int rti, RangeTblEntry *rte);
    void expand_view(Scope *scope, int rti, RangeTblEntry *rte);
    void expand_cte(Scope *scope, int rti, RangeTblEntry *rte);
    void add_called(Scope *scope, Query *statement, const std::string &name);
    void add_reads();
    void walk_calls(Scope *scope, Node *node);
    void walk_always(Scope *scope);
    void demand(Scope *scope, TargetEntry *entry);
    void demand_all(Scope *scope);
    void walk_expression(Scope *scope, Node *node);
    void walk_var(Scope *scope, Var *var);
    void walk_sublink(Scope *scope, SubLink *sublink);
    void mark_used(Scope *scope, int rti, AttrNumber attribute);

    std::vector<std::unique_ptr<Scope>> scopes_;
    std::vector<model::Occurrence> occurrences_;
    std::vector<Scope *> occurrence_scopes_;
    Functions functions_;
    bool separate_neighbours_;
    std::set<const Query *> neighbours_;
};

}  // namespace tviews::analyze
