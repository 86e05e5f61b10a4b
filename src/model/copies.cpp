// Proving copies; see copies.hpp.
#include "model/copies.hpp"

#include <algorithm>

namespace tviews::model {

namespace {

bool is_determined(const Analysis &analysis, const Step &step)
{
    auto in_step = [&](int condition) {
        return std::find(step.conditions.begin(), step.conditions.end(), condition) != step.conditions.end();
    };
    return step.loop.empty() && std::any_of(analysis.determinations.begin(), analysis.determinations.end(), [&](const Determination &known) {
        return known.occurrence == step.from && known.by == step.to &&
               std::all_of(known.conditions.begin(), known.conditions.end(), in_step);
    });
}

// The reading of the array by the first row on the walk that its elements tell, if the changed row is determined by it.
bool find_element(const Analysis &analysis, const Walk &walk, ProvenCopies &proven)
{
    int at = proven.row.occurrence;
    for (std::size_t i = 0;; ++i) {
        for (const CopiedArray &array : proven.row.arrays)
            if (array.occurrence == at) {
                proven.array = array;
                proven.steps_to_element = i;
                return true;
            }
        if (i >= steps_read(walk) || !is_determined(analysis, walk.steps[i]))
            return false;
        at = walk.steps[i].to;
    }
}

bool leads_to_its_documents(const Analysis &analysis, const Walk &walk)
{
    return analysis.key_owners.count(analysis.alternatives[walk.alternative].targets[walk.target].occurrence) != 0 &&
           std::all_of(walk.steps.begin(), walk.steps.end(), [&](const Step &step) { return is_determined(analysis, step); });
}

}  // namespace

std::vector<std::optional<ProvenCopies>> prove_copies(const Analysis &analysis, const std::vector<Route> &routes)
{
    std::vector<std::optional<ProvenCopies>> proven(routes.size());
    for (const CopiedRow &row : analysis.copied_rows) {
        const Route &route = routes[row.occurrence];
        if (route.everything || route.walks.size() != 1)
            continue;
        const Walk &walk = route.walks.front();
        bool loops = std::any_of(walk.steps.begin(), walk.steps.end(), [](const Step &step) { return !step.loop.empty(); });
        if (loops || !walk.branches.empty() || walk.parts.size() != analysis.key.size())
            continue;
        ProvenCopies copies{row, std::nullopt, 0};
        if (row.in_array ? find_element(analysis, walk, copies) : leads_to_its_documents(analysis, walk))
            proven[row.occurrence] = std::move(copies);
    }
    return proven;
}

}  // namespace tviews::model
