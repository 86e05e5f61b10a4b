// The SQL of walks: how a set of rows of one occurrence finds the rows it is combined with, and in the end the keys.
//
// In: the model's routes.  Out: SQL text whose parameters are arrays, one per column of the rows walked from.
// No PostgreSQL header: tested without a server.
#pragma once

#include <string>
#include <vector>

#include "model/route.hpp"

namespace tviews::plan {

// One statement of a walk.  Its parameters are arrays of the columns `inputs` of occurrence `from`.
struct Statement {
    std::string sql;
    model::ObjectId reader = 0;   // role to read the table as; 0: the TVIEW's owner
    int to = -1;                  // the occurrence read; -1 for a projection of the rows themselves
};

// A walk made executable: rows of the occurrence (its columns `seed_columns`) go through the statements in turn; the last
// gives one column per key part.  Without statements the seed columns are the key parts: part i is column direct[i].
struct CompiledWalk {
    std::vector<model::AttributeNumber> seed_columns;
    std::vector<Statement> statements;
    std::vector<std::size_t> direct;
    std::vector<int> key_columns; // which key columns the result gives, in order
    bool elided = false;          // keys come from an equality: a NULL among them means no document
};

CompiledWalk compile_walk(const model::Analysis &analysis, int occurrence, const model::Walk &walk);

// A column of the table `alias`.
std::string column_of(const model::Occurrence &occurrence, model::AttributeNumber number, const std::string &alias);

// Puts `alias.column` in place of the expression's inputs.  `columns_of_from`: the columns that the row set x carries as
// c1, c2 …; inputs of other occurrences are columns of y.
std::string substitute(const model::Analysis &analysis, const model::Expression &expression, int from,
                       const std::vector<model::AttributeNumber> &columns_of_from);

}  // namespace tviews::plan
