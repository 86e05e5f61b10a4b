// The SQL of walks: how a set of rows of one occurrence finds the rows it is combined with, and in the end the keys.
//
// In: the model's stages.  Out: SQL text over the rows walked from, which come as parameters.
// No PostgreSQL header: tested without a server.
#pragma once

#include <string>
#include <vector>

#include "model/stages.hpp"

namespace tviews::plan {

// A statement over rows: `many` takes one array per column, `one` a single row's values, for which PostgreSQL knows better
// how many rows to expect.
struct RowsStatement {
    std::string many;
    std::string one;
    bool empty() const { return many.empty(); }
};

// Values computed from rows: their own columns `direct`, or, where that does not do, what the statement selects.
struct Projection {
    std::vector<std::size_t> direct;
    RowsStatement sql;
};

// An equality of a step by which it is locked (refresh/locks.hpp).
struct LockedEquality {
    model::ObjectId operation = 0;
    model::ObjectId collation = 0;
    bool far_is_left = true;
};

// A stage made executable.
struct CompiledStage {
    RowsStatement step;           // finds the columns of the next stage's rows; empty at the end
    model::ObjectId reader = 0;   // role to read the step's table as; 0: the TVIEW's owner
    bool may_fail = false;        // the step may raise an error the query itself does not, for it lacks its other filters
    // The step's join values on both sides, in the order of `equalities`; none: the step is locked as a whole.
    std::vector<LockedEquality> equalities;
    Projection far;               // of the stage's rows
    Projection near;              // of the next occurrence's seeds
    // At the end: the key's values and which key columns they are.
    Projection keys;
    std::vector<int> key_columns;
};

CompiledStage compile_stage(const model::Analysis &analysis, const model::Stages &stages, int stage);

// The step of a stage whose rows carry values of these types behind their columns, and pick up columns of the rows found:
// selects the next stage's columns, what was carried, and then what was picked up.
RowsStatement carrying_step(const model::Analysis &analysis, const model::Stages &stages, int stage,
                            const std::vector<model::Type> &carried, const std::vector<model::AttributeNumber> &picked_up);

// A column of the table `alias`.
std::string column_of(const model::Occurrence &occurrence, model::AttributeNumber number, const std::string &alias);

// Puts `alias.column` in place of the expression's inputs.  `columns_of_from`: the columns that the row set x carries as
// c1, c2 …; inputs of other occurrences are columns of y.
std::string substitute(const model::Analysis &analysis, const model::Expression &expression, int from,
                       const std::vector<model::AttributeNumber> &columns_of_from);

}  // namespace tviews::plan
