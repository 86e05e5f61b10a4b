// Analysis: from the defining query, as PostgreSQL stores it in the backing view, to the model's Analysis.
//
// A pure function of the catalogued definition: no statistics, no indexes, nothing two sessions could see differently.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "analyze/functions.hpp"
#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

// What one analysis gives besides the model: relations to watch for redefinition.
struct Result {
    model::Analysis analysis;
    std::vector<Oid> views;       // every view that was expanded
    std::set<Oid> functions;      // every function that was met, PostgreSQL's own aside
    std::set<std::string> texts;  // of their bodies, where names are looked up when they run
};

// Analyses a query.  Scribbles on nothing; allocates nodes in the current memory context.
Result analyze(const Query *query, const std::vector<std::string> &key, const Environment &environment);

// A view's query as PostgreSQL stores it; a copy in the current memory context.
Query *stored_query(Oid view);

// Analyses a view's query.
Result analyze_view(Oid view, const std::vector<std::string> &key, const Environment &environment);

// The query as text, every name qualified; a view's likewise, as its tables and columns are called now.
std::string query_text(const Query *query);
std::string view_text(Oid view);

}  // namespace tviews::analyze
