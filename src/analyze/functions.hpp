// Functions that read tables: what stands in their bodies, and queries in place of calls.
//
// Two ways to see what a function written in SQL reads:
//
//   looked through  one SELECT, neither volatile nor with settings of its own.  The call is replaced by its query, with the arguments
//                   in place of the parameters: f(p.x) by a scalar subquery, FROM f(p.x) by a derived table.  What such a query
//                   means is what the function does, so routes found through it lead to every document the call can reach.
//   called          anything else whose statements can be analysed.  Its tables become occurrences that nothing leads out of: a
//                   change compares everything.
//
// Only the analysis sees the replacement.  The TVIEW's query goes on calling the function, so a document that a route reaches
// without need costs time and nothing else.  Of functions in other languages, and of text that cannot be analysed, nothing is
// known but what the option `reads` says.
//
// A body given as text means what its names mean to the TVIEW's owner under the pinned settings, since that is how documents are
// built; inside a SECURITY DEFINER function, or one with settings of its own, to that owner under those.
// Not here: who asks (scope.cpp), and what follows when a function is replaced (ddl/follow.cpp).
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::analyze {

// What analysing a query needs to know beside it.
struct Environment {
    Oid owner = InvalidOid;       // of the TVIEW
    std::vector<std::pair<std::string, std::string>> settings;    // pinned
    std::vector<Oid> reads;       // relations that functions read, as the option says
};

// A function with the types of a call's arguments, which decide what a polymorphic one does.
struct Signature {
    Oid function;
    std::vector<Oid> types;
    friend auto operator<=>(const Signature &, const Signature &) = default;
};

// Where in the calls of functions a query level stands.
struct Calling {
    Oid role = InvalidOid;        // who functions run as; InvalidOid: the TVIEW's owner
    std::vector<Oid> configured;  // functions with settings of their own that it lies in
    std::vector<Oid> inside;      // functions looked through that it lies in
    std::set<Signature> called;   // functions called that it lies in, or that were met there
    bool unlinked = false;        // whether nothing leads out of it
    bool promised = false;        // whether it lies in a function called that is declared immutable
    Oid immutable = InvalidOid;   // the innermost function declared immutable that it lies in
};

class Functions {
public:
    explicit Functions(const Environment &environment) : environment_(&environment) {}

    // The query with its calls looked through, where they can be; its subqueries are left alone.  The same query, or a copy.
    Query *look_through(Query *query, const Calling &calling);
    // Marks a query as standing there; `calling_of` gives null for one that is not marked.
    Query *placed(Query *query, Calling calling);
    const Calling *calling_of(const Query *query) const;

    // The functions a node calls itself, an aggregate's parts among them; without those written in C and those of PostgreSQL, but for the
    // few that read tables.
    std::vector<Oid> called_by(Node *node);
    // The statements of a function that is called by `node` and was not looked through, placed inside it.  None if it has been met
    // there already, or if nothing is known of it.
    std::vector<Query *> statements(Oid function, Node *node, Calling &caller);

    const std::vector<Oid> &reads() const { return environment_->reads; }
    const std::set<Oid> &met() const { return met_; }
    bool are_called() const { return called_; }           // any that could read tables, as far as languages tell
    const std::set<Oid> &unreadable() const { return unreadable_; }       // may read tables nobody knows
    const std::set<std::string> &texts() const { return texts_; }         // bodies whose names are looked up when they run

private:
    friend class LookingThrough;
    struct Facts;
    struct Body {
        List *statements = nullptr;
        bool row = false;         // whether its columns are those of the composite result
        bool readable = false;
    };

    Facts look_up(Oid function);
    Body read(Oid function, Node *call, const RangeTblFunction *columns, const Calling &calling);
    bool reads_tables(Query *body, const Calling &calling, std::set<Oid> &seen);
    // The SELECT of a function that can be looked through, or null.
    Query *single_select(Oid function, Node *call, const RangeTblFunction *columns, const Calling &calling, bool &row);
    Query *inlined(Query *body, Oid function, List *arguments, const Calling &calling);

    const Environment *environment_;
    std::vector<Calling> callings_;       // of placed queries, by queryId - 1
    std::set<Oid> met_, unreadable_;
    bool called_ = false;
    std::set<std::string> texts_;
};

}  // namespace tviews::analyze
