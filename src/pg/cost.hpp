// What the planner expects of a statement with the very parameters it is to run with.
// Not here: estimates that hold for any parameters, which are kept (Statement::processor_cost).
#pragma once

#include "pg/spi.hpp"

namespace tviews::pg {

// In the planner's units, with pages at hand.  Plans the statement, and throws the plan away.  Needs an SPI session.
double processor_cost(const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters);

}  // namespace tviews::pg
