// Finding loops: Dijkstra over the step's occurrences, before and after the change of turn; see recursion.hpp.
#include "model/recursion.hpp"

#include <algorithm>
#include <map>
#include <queue>

namespace tviews::model {

namespace {

// A step along an equality is one lookup; any other condition compares many rows.
constexpr int equality_cost = 1;
constexpr int other_cost = 100;

// An occurrence of the step, in the turn started from or in the one wanted.
struct Stand {
    int occurrence;
    bool turned;
    friend auto operator<=>(const Stand &, const Stand &) = default;
};

using Links = std::map<std::pair<Stand, Stand>, Step>;

// The occurrence that an earlier row is of.
int real(const Analysis &analysis, int occurrence)
{
    int earlier = analysis.occurrences[occurrence].earlier;
    return earlier >= 0 ? earlier : occurrence;
}

void link(Links &links, const Stand &from, const Stand &to, const Hop &hop)
{
    Step &step = links.try_emplace({from, to}, Step{hop.from, hop.to, {}, false, {}, Turn::any}).first->second;
    step.conditions.push_back(hop.condition);
}

Links links_of(const Analysis &analysis, int recursion, model::ObjectId reader, Turn toward)
{
    auto usable = [&](int occurrence) {
        const Occurrence &found = analysis.occurrences[real(analysis, occurrence)];
        return found.recursion == recursion && found.reader == reader;
    };
    Links links;
    for (const Hop &hop : analysis.hops)
        if (usable(hop.from) && usable(hop.to) && hop.leaves == Turn::any && hop.arrives == Turn::any && hop.branches.empty())
            for (bool turned : {false, true})
                link(links, {hop.from, turned}, {hop.to, turned}, hop);
    for (const Hop &hop : analysis.turns) {
        bool forward = analysis.occurrences[hop.from].earlier >= 0;
        if (usable(hop.from) && usable(hop.to) && forward == (toward == Turn::last))
            link(links, {real(analysis, hop.from), false}, {real(analysis, hop.to), true}, hop);
    }
    return links;
}

}  // namespace

int step_cost(const Analysis &analysis, const std::vector<int> &conditions)
{
    bool equality = std::any_of(conditions.begin(), conditions.end(),
                                [&](int c) { return analysis.conditions[c].equality.has_value(); });
    return equality ? equality_cost : other_cost;
}

std::optional<std::vector<Step>> find_loop(const Analysis &analysis, int occurrence, Turn toward)
{
    const Occurrence &start = analysis.occurrences[occurrence];
    if (start.recursion < 0 || start.earlier >= 0)
        return std::nullopt;
    Links links = links_of(analysis, start.recursion, start.reader, toward);
    std::map<Stand, int> cost{{{occurrence, false}, 0}};
    std::map<Stand, Stand> previous;
    std::priority_queue<std::pair<int, Stand>, std::vector<std::pair<int, Stand>>, std::greater<>> open;
    open.push({0, {occurrence, false}});
    while (!open.empty()) {
        auto [spent, at] = open.top();
        open.pop();
        if (spent > cost[at])
            continue;
        for (const auto &[ends, step] : links) {
            if (ends.first != at)
                continue;
            int further = spent + step_cost(analysis, step.conditions);
            auto [known, fresh] = cost.try_emplace(ends.second, further);
            if (!fresh && known->second <= further)
                continue;
            known->second = further;
            previous.insert_or_assign(ends.second, at);
            open.push({further, ends.second});
        }
    }
    Stand goal{occurrence, true};
    if (cost.count(goal) == 0)
        return std::nullopt;
    std::vector<Step> loop;
    for (Stand at = goal; at != Stand{occurrence, false}; at = previous.at(at))
        loop.insert(loop.begin(), links.at({previous.at(at), at}));
    return loop;
}

}  // namespace tviews::model
