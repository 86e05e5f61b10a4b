// Copies that can be set in documents: of the analysis' candidates, those that the walk leads to the right documents.
//
// A walk may lead to documents that a changed row is not in; building such a document again does no harm, setting a value in it
// would.  So each step from the changed row must come to rows that it alone is combined with (a Determination), up to the key's
// owner, of whose rows the key tells one; or up to a row whose elements in an array tell that they are made of it.
#pragma once

#include <optional>
#include <vector>

#include "model/route.hpp"

namespace tviews::model {

struct ProvenCopies {
    CopiedRow row;
    std::optional<CopiedArray> array;     // where the copies are, if not in the document itself
    std::size_t steps_to_element = 0;     // of the walk, after which it stands on the row behind an element
};

// By occurrence.
std::vector<std::optional<ProvenCopies>> prove_copies(const Analysis &analysis, const std::vector<Route> &routes);

}  // namespace tviews::model
