// Analysis: from the defining query, as PostgreSQL stores it in the backing view, to the model's Analysis.
//
// A pure function of the catalogued definition: no statistics, no indexes, nothing two sessions could see differently.
#pragma once

#include <string>
#include <vector>

#include "model/query.hpp"
#include "pg/guard.hpp"

namespace tviews::analyze {

// What one analysis gives besides the model: relations to watch for redefinition.
struct Result {
    model::Analysis analysis;
    std::vector<Oid> views;       // every view that was expanded
};

// Analyses a query.  Scribbles on nothing; allocates nodes in the current memory context.
Result analyze(const Query *query, const std::vector<std::string> &key);

// A view's query as PostgreSQL stores it; a copy in the current memory context.
Query *stored_query(Oid view);

// Analyses a view's query.
Result analyze_view(Oid view, const std::vector<std::string> &key);

// The query as text, every name qualified; a view's likewise, as its tables and columns are called now.
std::string query_text(const Query *query);
std::string view_text(Oid view);

}  // namespace tviews::analyze
