// Route finding: Dijkstra over hops, from each target back to all occurrences; see route.hpp.
#include "model/route.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "model/recursion.hpp"

namespace tviews::model {

namespace {

constexpr int unreachable = std::numeric_limits<int>::max();

// More than the longest way without one: the fewer closures the better.
constexpr int closure_cost = 1'000'000;

bool contains(const std::vector<int> &list, int value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool includes_all(const std::vector<int> &list, const std::vector<int> &values)
{
    return std::all_of(values.begin(), values.end(), [&](int value) { return contains(list, value); });
}

// A place where a walk can stand: rows of an occurrence, and in which turn of its recursion they are.
using Node = std::pair<int, Turn>;

struct Edge {
    std::vector<int> conditions;
    std::vector<Step> loop;
    int cost = 0;                 // 0: the rows are already those of the other place
};

using Edges = std::map<std::pair<Node, Node>, Edge>;

// The loops that may be used: those of one direction per recursion.
using Loops = std::map<Node, std::vector<Step>>;

// Everything that may be walked on the way to results that come through `branches`.
Edges usable_edges(const Analysis &analysis, const Loops &loops, const std::vector<int> &branches)
{
    Edges edges;
    for (const Hop &hop : analysis.hops)
        if (includes_all(branches, hop.branches))
            edges[{{hop.from, hop.leaves}, {hop.to, hop.arrives}}].conditions.push_back(hop.condition);
    for (auto &[ends, edge] : edges)
        edge.cost = step_cost(analysis, edge.conditions);
    for (int i = 0; i < static_cast<int>(analysis.occurrences.size()); ++i)
        if (analysis.occurrences[i].recursion >= 0)
            for (Turn turn : {Turn::first, Turn::last})
                edges[{{i, turn}, {i, Turn::any}}] = {};
    for (const auto &[goal, loop] : loops)
        edges[{{goal.first, Turn::any}, goal}] = {{}, loop, closure_cost};
    return edges;
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
    if (walk.steps.empty() || !walk.steps.back().loop.empty())
        return;
    std::vector<Target::Part> parts;
    for (const Target::Part &part : walk.parts) {
        auto same = part.expression.inputs.empty() ? std::optional(part.expression)
                                                   : through_equality(analysis, walk.steps.back(), part.expression);
        if (!same)
            return;
        parts.push_back({part.key_column, *same});
    }
    walk.parts = std::move(parts);
    walk.steps.back().elided = true;
}

// The cheapest ways of all occurrences to one target.  Each place has one next step, whoever comes by: the ways form a tree, so
// that walks can be merged and locks taken in one order (stages.hpp).
struct Ways {
    std::map<Node, int> cost;
    std::map<Node, Node> next;
};

// Dijkstra's algorithm from the target backwards; ties go to the lower occurrence number.
Ways ways_to(const Edges &edges, const Node &target)
{
    Ways ways;
    std::priority_queue<std::pair<int, Node>, std::vector<std::pair<int, Node>>, std::greater<>> open;
    ways.cost[target] = 0;
    open.push({0, target});
    while (!open.empty()) {
        auto [cost, at] = open.top();
        open.pop();
        if (cost > ways.cost[at])
            continue;
        for (const auto &[ends, edge] : edges) {
            if (ends.second != at)
                continue;
            int farther = cost + edge.cost;
            auto known = ways.cost.find(ends.first);
            if (known == ways.cost.end() || farther < known->second) {
                ways.cost[ends.first] = farther;
                ways.next[ends.first] = at;
                open.push({farther, ends.first});
            }
        }
    }
    return ways;
}

// The routes of all occurrences, with the loops of one direction.
class Router {
public:
    Router(const Analysis &analysis, const Loops &loops) : analysis_(analysis), loops_(loops)
    {
        for (const Hop &hop : analysis.hops)
            mentioned_.insert(hop.branches.begin(), hop.branches.end());
    }

    // The walks to one alternative, if they cover all results through it.
    //
    // One walk that needs no branch does.  Otherwise the results are told apart by the branches they come through, all set
    // operations at once, so that occurrences agree on the cases; then each case needs a walk.
    std::optional<std::vector<Walk>> walks(int alternative, int from)
    {
        const Alternative &goal = analysis_.alternatives[alternative];
        if (auto walk = best_walk(alternative, from, goal.branches))
            return std::vector{*walk};
        std::vector<int> known = goal.branches;
        for (int branch : analysis_.occurrences[from].branches)
            if (!contains(known, branch))
                known.push_back(branch);
        cases_.clear();
        find_cases(known);
        std::vector<Walk> found;
        for (const std::vector<int> &branches : cases_) {
            auto walk = best_walk(alternative, from, branches);
            if (!walk || cases_.size() > most_cases)
                return std::nullopt;
            if (std::find(found.begin(), found.end(), *walk) == found.end())
                found.push_back(std::move(*walk));
        }
        return found;
    }

    long total_cost = 0;

private:
    static constexpr std::size_t most_cases = 64;

    void find_cases(const std::vector<int> &chosen)
    {
        for (const SetOperation &operation : analysis_.set_operations) {
            auto any = [&](auto &&test) { return std::any_of(operation.branches.begin(), operation.branches.end(), test); };
            if (any([&](int branch) { return contains(chosen, branch); }) || !includes_all(chosen, operation.inside) ||
                !any([&](int branch) { return mentioned_.count(branch) != 0; }))
                continue;
            for (int branch : operation.branches) {
                std::vector<int> more = chosen;
                more.push_back(branch);
                if (cases_.size() <= most_cases)
                    find_cases(more);
            }
            return;
        }
        std::vector<int> sorted = chosen;
        std::sort(sorted.begin(), sorted.end());
        cases_.push_back(std::move(sorted));
    }

    // The best target of an alternative: the one that fixes most key columns, then the nearest.
    std::optional<Walk> best_walk(int alternative, int from, const std::vector<int> &branches)
    {
        const Alternative &goal = analysis_.alternatives[alternative];
        std::optional<Walk> best;
        int best_cost = unreachable;
        for (std::size_t t = 0; t < goal.targets.size(); ++t) {
            auto found = shortest_walk(from, goal.targets[t], branches);
            if (!found)
                continue;
            auto &[cost, walk] = *found;
            bool better = !best || walk.parts.size() > best->parts.size() ||
                          (walk.parts.size() == best->parts.size() && cost < best_cost);
            if (!better)
                continue;
            walk.alternative = alternative;
            walk.target = static_cast<int>(t);
            walk.branches = branches;
            best = std::move(walk);
            best_cost = cost;
        }
        if (best)
            total_cost += best_cost;
        return best;
    }

    // The walk from one occurrence to one target, and what it costs.
    std::optional<std::pair<int, Walk>> shortest_walk(int from, const Target &target, const std::vector<int> &branches)
    {
        Walk walk;
        walk.parts = target.parts;
        if (target.occurrence < 0)
            return std::pair{0, walk};
        Node goal{target.occurrence, target.turn};
        auto edges = edges_.find(branches);
        if (edges == edges_.end())
            edges = edges_.emplace(branches, usable_edges(analysis_, loops_, branches)).first;
        auto [ways, fresh] = ways_.try_emplace({branches, goal});
        if (fresh)
            ways->second = ways_to(edges->second, goal);
        auto cost = ways->second.cost.find({from, Turn::any});
        if (cost == ways->second.cost.end())
            return std::nullopt;
        for (Node at{from, Turn::any}; at != goal; at = ways->second.next.at(at)) {
            Node next = ways->second.next.at(at);
            const Edge &edge = edges->second.at({at, next});
            if (edge.cost > 0)
                walk.steps.push_back(Step{at.first, next.first, edge.conditions, false, edge.loop, next.second});
        }
        elide_last_step(analysis_, walk);
        return std::pair{cost->second, walk};
    }

    const Analysis &analysis_;
    const Loops &loops_;
    std::set<int> mentioned_;                     // branches that any hop needs
    std::vector<std::vector<int>> cases_;
    std::map<std::vector<int>, Edges> edges_;
    std::map<std::pair<std::vector<int>, Node>, Ways> ways_;
};

// A row of one set-operation branch cannot touch output rows that come from a sibling branch.
bool concerns(const Analysis &analysis, const Occurrence &occurrence, const Alternative &alternative)
{
    for (const SetOperation &operation : analysis.set_operations)
        for (int chosen : alternative.branches) {
            if (!contains(operation.branches, chosen) || contains(occurrence.branches, chosen))
                continue;
            for (int branch : occurrence.branches)
                if (contains(operation.branches, branch))
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

struct Attempt {
    std::vector<Route> routes;
    int without_route = 0;
    long cost = 0;

    bool better_than(const Attempt &other) const
    {
        return std::tie(without_route, cost) < std::tie(other.without_route, other.cost);
    }
};

Attempt attempt(const Analysis &analysis, const Loops &loops)
{
    Attempt made;
    Router router(analysis, loops);
    for (int from = 0; from < static_cast<int>(analysis.occurrences.size()); ++from) {
        Route &route = made.routes.emplace_back();
        if (analysis.occurrences[from].earlier >= 0)      // no table of the query: nothing changes here
            continue;
        if (analysis.alternatives.empty()) {
            route.everything = true;
            route.reason = analysis.no_key_route;
        }
        for (int a = 0; a < static_cast<int>(analysis.alternatives.size()) && !route.everything; ++a) {
            if (!concerns(analysis, analysis.occurrences[from], analysis.alternatives[a]))
                continue;
            if (auto walks = router.walks(a, from)) {
                std::move(walks->begin(), walks->end(), std::back_inserter(route.walks));
            } else {
                route.everything = true;
                route.reason = describe_missing(analysis, from);
                route.walks.clear();
            }
        }
        made.without_route += route.everything;
    }
    made.cost = router.total_cost;
    return made;
}

// Leaves of a recursion's loops those in one direction.
Loops in_direction(const Analysis &analysis, Loops loops, int recursion, Turn direction)
{
    std::erase_if(loops, [&](const auto &loop) {
        return analysis.occurrences[loop.first.first].recursion == recursion && loop.first.second != direction;
    });
    return loops;
}

}  // namespace

std::vector<Route> find_routes(const Analysis &analysis)
{
    Loops loops;
    std::set<int> recursions;
    for (int i = 0; i < static_cast<int>(analysis.occurrences.size()); ++i)
        for (Turn toward : {Turn::last, Turn::first})
            if (auto loop = find_loop(analysis, i, toward)) {
                loops[{i, toward}] = std::move(*loop);
                recursions.insert(analysis.occurrences[i].recursion);
            }
    for (int recursion : recursions) {
        Loops out = in_direction(analysis, loops, recursion, Turn::last);
        Loops back = in_direction(analysis, loops, recursion, Turn::first);
        loops = attempt(analysis, back).better_than(attempt(analysis, out)) ? back : out;
    }
    return attempt(analysis, loops).routes;
}

std::size_t steps_read(const Walk &walk)
{
    return walk.steps.size() - (!walk.steps.empty() && walk.steps.back().elided ? 1 : 0);
}

}  // namespace tviews::model
