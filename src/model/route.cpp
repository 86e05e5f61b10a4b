// Route finding: Dijkstra over hops, from each target back to all occurrences; see route.hpp.
#include "model/route.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <tuple>

namespace tviews::model {

namespace {

constexpr int unreachable = std::numeric_limits<int>::max();

// A step along an equality is one lookup; any other condition compares many rows.
constexpr int equality_weight = 1;
constexpr int other_weight = 100;

bool contains(const std::vector<int> &list, int value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

// All conditions that may be walked from one occurrence to another on the way to a target.
std::map<std::pair<int, int>, std::vector<int>> usable_steps(const Analysis &analysis, const Alternative &alternative)
{
    std::map<std::pair<int, int>, std::vector<int>> steps;
    for (const Hop &hop : analysis.hops)
        if (!hop.into_branch || contains(alternative.branches, *hop.into_branch))
            steps[{hop.from, hop.to}].push_back(hop.condition);
    return steps;
}

int weight(const Analysis &analysis, const std::vector<int> &conditions)
{
    bool equality = std::any_of(conditions.begin(), conditions.end(),
                                [&](int c) { return analysis.conditions[c].equality.has_value(); });
    return equality ? equality_weight : other_weight;
}

// Rewrites one key part over the step's target into one over its origin, where an equality says they are the same.
std::optional<Expression> through_equality(const Analysis &analysis, const Step &step, const Expression &wanted)
{
    for (int c : step.conditions) {
        const auto &equality = analysis.conditions[c].equality;
        if (!equality || !equality->same_type)
            continue;
        auto is_wanted = [&](const Expression &side) { return side.text == wanted.text && side.inputs == wanted.inputs; };
        if (is_wanted(equality->left))
            return equality->right;
        if (is_wanted(equality->right))
            return equality->left;
    }
    return std::nullopt;
}

// Marks the last step elided when every key part follows from the row before it.
void elide_last_step(const Analysis &analysis, Walk &walk)
{
    if (walk.steps.empty())
        return;
    std::vector<Target::Part> parts;
    for (const Target::Part &part : walk.parts) {
        auto same = through_equality(analysis, walk.steps.back(), part.expression);
        if (!same)
            return;
        parts.push_back({part.key_column, *same});
    }
    walk.parts = std::move(parts);
    walk.steps.back().elided = true;
}

// The cheapest ways of all occurrences to one target.  Each occurrence has one next step, whoever comes by: the ways form a
// tree, so that walks can be merged and locks taken in one order (stages.hpp).
struct Ways {
    std::vector<int> cost;
    std::vector<int> next;
    std::map<std::pair<int, int>, std::vector<int>> steps;
};

// Dijkstra's algorithm from the target backwards; ties go to the lower occurrence number.
Ways ways_to(const Analysis &analysis, const Alternative &alternative, int target)
{
    Ways ways{std::vector<int>(analysis.occurrences.size(), unreachable), std::vector<int>(analysis.occurrences.size(), -1),
              usable_steps(analysis, alternative)};
    std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> open;
    ways.cost[target] = 0;
    open.push({0, target});
    while (!open.empty()) {
        auto [cost, at] = open.top();
        open.pop();
        if (cost > ways.cost[at])
            continue;
        for (const auto &[ends, conditions] : ways.steps) {
            if (ends.second != at)
                continue;
            int farther = cost + weight(analysis, conditions);
            if (farther < ways.cost[ends.first]) {
                ways.cost[ends.first] = farther;
                ways.next[ends.first] = at;
                open.push({farther, ends.first});
            }
        }
    }
    return ways;
}

// The walk from one occurrence to one target, and what it costs.
std::optional<std::pair<int, Walk>> shortest_walk(const Analysis &analysis, const Alternative &alternative, int from,
                                                  const Target &target)
{
    if (target.occurrence < 0)
        return std::pair{0, Walk{-1, -1, {}, target.parts}};
    Ways ways = ways_to(analysis, alternative, target.occurrence);
    if (ways.cost[from] == unreachable)
        return std::nullopt;
    Walk walk;
    walk.parts = target.parts;
    for (int at = from; at != target.occurrence; at = ways.next[at])
        walk.steps.push_back(Step{at, ways.next[at], ways.steps.at({at, ways.next[at]})});
    elide_last_step(analysis, walk);
    return std::pair{ways.cost[from], walk};
}

// The best target of an alternative: the one that fixes most key columns, then the nearest.
std::optional<Walk> best_walk(const Analysis &analysis, int alternative_index, int from)
{
    const Alternative &alternative = analysis.alternatives[alternative_index];
    std::optional<Walk> best;
    int best_cost = unreachable;
    for (std::size_t t = 0; t < alternative.targets.size(); ++t) {
        auto found = shortest_walk(analysis, alternative, from, alternative.targets[t]);
        if (!found)
            continue;
        auto &[cost, walk] = *found;
        bool better = !best || walk.parts.size() > best->parts.size() ||
                      (walk.parts.size() == best->parts.size() && cost < best_cost);
        if (!better)
            continue;
        walk.alternative = alternative_index;
        walk.target = static_cast<int>(t);
        best = std::move(walk);
        best_cost = cost;
    }
    return best;
}

// A row of one set-operation branch cannot touch output rows that come from a sibling branch.
bool concerns(const Analysis &analysis, const Occurrence &occurrence, const Alternative &alternative)
{
    for (const auto &siblings : analysis.set_operations)
        for (int chosen : alternative.branches) {
            if (!contains(siblings, chosen) || contains(occurrence.branches, chosen))
                continue;
            for (int branch : occurrence.branches)
                if (contains(siblings, branch))
                    return false;
        }
    return true;
}

std::string describe_missing(const Analysis &analysis, int occurrence)
{
    std::string reason;
    for (const Obstacle &obstacle : analysis.obstacles) {
        if (obstacle.occurrence != occurrence)
            continue;
        if (!reason.empty())
            reason += "; ";
        reason += obstacle.condition ? describe(analysis, *obstacle.condition) + ": " + obstacle.reason : obstacle.reason;
    }
    return reason.empty() ? "no join condition leads from it to the key" : reason;
}

}  // namespace

std::vector<Route> find_routes(const Analysis &analysis)
{
    std::vector<Route> routes;
    for (int from = 0; from < static_cast<int>(analysis.occurrences.size()); ++from) {
        Route route;
        if (analysis.alternatives.empty()) {
            route.everything = true;
            route.reason = analysis.no_key_route;
        }
        for (int a = 0; a < static_cast<int>(analysis.alternatives.size()) && !route.everything; ++a) {
            if (!concerns(analysis, analysis.occurrences[from], analysis.alternatives[a]))
                continue;
            if (auto walk = best_walk(analysis, a, from)) {
                route.walks.push_back(std::move(*walk));
            } else {
                route.everything = true;
                route.reason = describe_missing(analysis, from);
                route.walks.clear();
            }
        }
        routes.push_back(std::move(route));
    }
    return routes;
}

std::size_t steps_read(const Walk &walk)
{
    return walk.steps.size() - (!walk.steps.empty() && walk.steps.back().elided ? 1 : 0);
}

}  // namespace tviews::model
