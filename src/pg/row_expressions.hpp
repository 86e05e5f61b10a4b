// Expressions over the columns of one row, kept as text and evaluated without a statement.
//
// The text is PostgreSQL's own of an expression tree, whose Vars are columns of relation 1.  It names functions and types by OID:
// good for one session.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::pg {

class RowExpressions {
public:
    static std::string text(Node *expression);

    // The rest is C-side.

    // Prepares them for rows of this shape as the current role, which may lack the privilege for a function.
    void open(const std::vector<std::string> &texts, TupleDesc rows);

    // Takes the row with these values, one for each column of the shape, which must stay.
    void take(const Datum *values, const bool *nulls);
    // Of the row taken last; the result is in the current memory context.
    Datum evaluate(std::size_t number, bool *is_null);

    void close();

private:
    struct Prepared {
        ExprState *state;
        int16 length;
        bool by_value;
    };
    EState *executor_ = nullptr;
    TupleTableSlot *row_ = nullptr;
    Prepared *prepared_ = nullptr;
};

}  // namespace tviews::pg
