// Merging routes; see stages.hpp.
#include "model/stages.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace tviews::model {

namespace {

// Where a stage stands in the order of work: by target, then from the far end inward.
struct Place {
    int alternative;
    int target;
    std::vector<int> branches;    // the results it is for
    int nearness;                 // minus the number of steps to the key
    int occurrence;
    Turn turn;
    friend auto operator<=>(const Place &, const Place &) = default;
};

std::set<AttributeNumber> columns_of(const std::vector<Target::Part> &parts)
{
    std::set<AttributeNumber> columns;
    for (const Target::Part &part : parts)
        for (const ColumnRef &input : part.expression.inputs)
            columns.insert(input.attribute);
    return columns;
}

class Merger {
public:
    Merger(const Analysis &analysis, const std::vector<Route> &routes) : analysis_(analysis)
    {
        for (std::size_t i = 0; i < routes.size(); ++i)
            for (const Walk &walk : routes[i].walks)
                add(walk, static_cast<int>(i));
    }

    Stages merged(const std::vector<Route> &routes)
    {
        Stages stages;
        std::map<Place, int> numbers;
        for (auto &[place, stage] : stages_)
            numbers.emplace(place, static_cast<int>(numbers.size()));
        for (auto &[place, stage] : stages_) {
            auto next = next_.find(place);
            stage.next = next == next_.end() ? -1 : numbers.at(next->second);
            stages.all.push_back(std::move(stage));
        }
        std::size_t occurrences = analysis_.occurrences.size();
        stages.entries.resize(occurrences);
        for (std::size_t i = 0; i < occurrences; ++i)
            for (const Walk &walk : routes[i].walks)
                stages.entries[i].push_back(numbers.at(place_of(walk, 0, static_cast<int>(i))));
        find_seed_columns(stages);
        return stages;
    }

private:
    // Where the rows of `occurrence` stand after so many steps of the walk.
    Place place_of(const Walk &walk, std::size_t step, int occurrence) const
    {
        bool constant = analysis_.alternatives[walk.alternative].targets[walk.target].occurrence < 0;
        return {walk.alternative, walk.target, walk.branches, static_cast<int>(step) - static_cast<int>(steps_read(walk)),
                constant ? -1 : occurrence, step == 0 ? Turn::any : walk.steps[step - 1].arrives};
    }

    // The columns a walk needs of the rows it stands on after so many steps.
    std::set<AttributeNumber> columns_at(const Walk &walk, std::size_t step) const
    {
        if (step >= steps_read(walk))
            return columns_of(walk.parts);
        const Step &next = walk.steps[step];
        bool closure = !next.loop.empty();        // which hands on what comes after it needs
        const Step &first = closure ? next.loop.front() : next;
        std::vector<AttributeNumber> inputs = inputs_of(analysis_, first.conditions, first.from);
        std::set<AttributeNumber> columns(inputs.begin(), inputs.end());
        if (closure)
            columns.merge(columns_at(walk, step + 1));
        return columns;
    }

    std::vector<int> read_by(const Step &step) const
    {
        if (step.loop.empty())
            return {step.to};
        std::vector<int> read;
        for (const Step &turn : step.loop)
            read.push_back(table_of(turn.to));
        return read;
    }

    // The occurrence in the query that a row of an earlier turn is of.
    int table_of(int occurrence) const
    {
        int earlier = analysis_.occurrences[occurrence].earlier;
        return earlier >= 0 ? earlier : occurrence;
    }

    void add(const Walk &walk, int occurrence)
    {
        std::size_t count = steps_read(walk);
        for (std::size_t i = 0; i < count; ++i) {
            const Step &step = walk.steps[i];
            Place here = place_of(walk, i, step.from);
            std::set<AttributeNumber> columns = columns_at(walk, i);
            stages_.try_emplace(here, Stage{walk.alternative, walk.target, step.from, -1, step.conditions, step.loop,
                                            read_by(step), {}, false, {columns.begin(), columns.end()}});
            next_.try_emplace(here, place_of(walk, i + 1, step.to));
            occurrence = step.to;
        }
        Place end = place_of(walk, count, occurrence);
        std::set<AttributeNumber> columns = columns_of(walk.parts);
        stages_.try_emplace(end, Stage{walk.alternative, walk.target, end.occurrence, -1, {}, {}, {}, walk.parts,
                                       count < walk.steps.size(), {columns.begin(), columns.end()}});
    }

    void find_seed_columns(Stages &stages) const
    {
        std::vector<std::set<AttributeNumber>> columns(analysis_.occurrences.size());
        stages.passed.resize(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i)
            for (int entry : stages.entries[i])
                columns[i].insert(stages.all[entry].columns.begin(), stages.all[entry].columns.end());
        for (const Stage &stage : stages.all) {
            if (stage.next < 0)
                continue;
            const Stage &next = stages.all[stage.next];
            columns[next.occurrence].insert(next.columns.begin(), next.columns.end());
            note_arrival(stage.conditions, next.occurrence, columns);
            for (const Step &turn : stage.loop)
                note_arrival(turn.conditions, turn.to, columns);
            for (int occurrence : stage.arrives_at)
                stages.passed[occurrence] = true;
        }
        for (const auto &set : columns)
            stages.seed_columns.emplace_back(set.begin(), set.end());
    }

    void note_arrival(const std::vector<int> &conditions, int to, std::vector<std::set<AttributeNumber>> &columns) const
    {
        for (AttributeNumber column : inputs_of(analysis_, conditions, to))
            columns[table_of(to)].insert(column);
    }

    const Analysis &analysis_;
    std::map<Place, Stage> stages_;
    std::map<Place, Place> next_;
};

}  // namespace

Stages merge_routes(const Analysis &analysis, const std::vector<Route> &routes)
{
    return Merger(analysis, routes).merged(routes);
}

std::vector<AttributeNumber> inputs_of(const Analysis &analysis, const std::vector<int> &conditions, int occurrence)
{
    std::set<AttributeNumber> columns;
    for (int c : conditions)
        for (const ColumnRef &input : analysis.conditions[c].expression.inputs)
            if (input.occurrence == occurrence)
                columns.insert(input.attribute);
    return {columns.begin(), columns.end()};
}

}  // namespace tviews::model
