// Which index a step between two occurrences wants, and whether it is there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/route.hpp"

namespace tviews::inspect {

struct IndexAdvice {
    struct Part {
        std::string text;         // a column's name, quoted, or an expression
        bool is_column;
    };
    model::ObjectId relation;
    std::string table;            // unqualified, for people
    std::vector<Part> parts;      // the columns or expressions the index should begin with
    std::string columns;          // the same, for people
    std::string existing;         // an index that begins with one of them; empty if there is none
};

// The index that finds rows of `occurrence` by the step's equalities; nothing if the step has none.
std::optional<IndexAdvice> index_for(const model::Analysis &analysis, const model::Step &step, int occurrence);

}  // namespace tviews::inspect
