// Tracing the key's columns to the occurrences that own them.
//
// The top level is read like a subquery: a key column counts only if it passes its border (resolve.cpp).  A plain query has one
// alternative; each branch of a set operation and each grouping set (grouping_sets.hpp) adds its own, and COALESCE(a.pk, b.pk)
// one per argument, because an output row takes its key from one of them and the walk must reach whichever it is.
#include "analyze/key.hpp"

#include <algorithm>
#include <map>

#include "analyze/expression.hpp"
#include "analyze/grouping_sets.hpp"
#include "analyze/names.hpp"
#include "analyze/resolve.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

using Branches = std::vector<int>;

// The values one key column can take in one reading: one, or one per COALESCE argument.
std::vector<Node *> values_of(Node *tree)
{
    tree = pg::strip_relabel(tree);
    std::vector<Node *> values;
    if (!IsA(tree, CoalesceExpr))
        return {tree};
    for (Node *argument : pg::nodes(reinterpret_cast<CoalesceExpr *>(tree)->args))
        for (Node *value : values_of(argument))
            values.push_back(value);
    return values;
}

// A target for one value of one key column, or why there is none.
struct ColumnTarget {
    model::Target target;
    std::string obstacle;
};

ColumnTarget column_target(const ScopeTree &tree, const Resolved &reading, Node *value, int column)
{
    ColumnTarget found;
    model::Expression expression = to_expression(value);
    auto owners = expression.occurrences();
    if (owners.size() > 1) {
        found.obstacle = "is computed from several relations";
        return found;
    }
    if (!owners.empty()) {
        found.target.occurrence = *owners.begin();
        const Arrival &arrival = reading.arrivals.at(found.target.occurrence);
        found.obstacle = arrival.blocked;
        if (found.obstacle.empty() && arrival.nullable && pg::call(contain_nonstrict_functions, value))
            found.obstacle = "is not null where an outer join leaves its row empty";
        if (found.obstacle.empty() && arrival.by_equality && !expression.is_column())
            found.obstacle = "is computed from grouped values";
        if (tree.scope_of(found.target.occurrence)->recursive)
            found.obstacle = "comes out of a recursive query";
        if (tree.scope_of(found.target.occurrence)->earlier)
            found.obstacle = "is computed from turn to turn of a recursive query";
        for (const Scope *crossed : arrival.crossed)
            if (crossed->is_step()) {
                if (found.target.turn != model::Turn::any)
                    found.obstacle = "comes out of a recursive query inside another";
                found.target.turn = model::Turn::last;
            }
    }
    if (owners.empty())
        found.obstacle = reading.blocked;
    found.target.parts.push_back({column, std::move(expression)});
    return found;
}

class KeyFinder {
public:
    KeyFinder(const ScopeTree &tree, model::Analysis &analysis) : tree_(tree), analysis_(analysis) {}

    void add_column(int column, TargetEntry *entry)
    {
        std::map<Branches, Resolved> readings;
        for (Resolved &reading : resolve_output(tree_.top(), entry)) {
            if (!reading.failure.empty()) {
                obstacle(column, reading.failure);
                return;
            }
            readings.emplace(reading.branches, std::move(reading));
        }
        std::vector<Branches> shape;
        for (const auto &[branches, reading] : readings)
            shape.push_back(branches);
        by_shape_[shape][column] = std::move(readings);
    }

    // Uses the largest group of columns that go through the same branches.  False if there is no way to the key.
    bool finish()
    {
        std::size_t known = analysis_.alternatives.size();
        const std::map<int, std::map<Branches, Resolved>> *best = nullptr;
        for (const auto &[shape, columns] : by_shape_)
            if (best == nullptr || columns.size() > best->size())
                best = &columns;
        if (best != nullptr)
            add_all_alternatives(*best);
        if (analysis_.alternatives.size() > known)
            return true;
        analysis_.alternatives.clear();
        analysis_.no_key_route = obstacle_.empty() ? "the key cannot be traced to a base table" : obstacle_;
        return false;
    }

private:
    // All branches' alternatives, or none: a branch whose keys cannot be traced spoils the others.
    void add_all_alternatives(const std::map<int, std::map<Branches, Resolved>> &columns)
    {
        for (const auto &[branches, unused] : columns.begin()->second)
            if (!add_alternatives(columns, branches)) {
                analysis_.alternatives.clear();
                return;
            }
    }

    bool add_alternatives(const std::map<int, std::map<Branches, Resolved>> &columns, const Branches &branches)
    {
        std::map<int, model::Target> single;
        for (const auto &[column, readings] : columns) {
            const Resolved &reading = readings.at(branches);
            auto values = values_of(reading.tree);
            if (values.size() != 1)
                continue;
            ColumnTarget found = column_target(tree_, reading, values.front(), column);
            if (!found.obstacle.empty()) {
                obstacle(column, found.obstacle);
                continue;
            }
            model::Target &target = single[found.target.occurrence];
            target.occurrence = found.target.occurrence;
            target.turn = found.target.turn;
            target.parts.push_back(found.target.parts.front());
        }
        // A constant column narrows what another one gives, and is a key on its own only when there is nothing else.
        std::vector<model::Target::Part> constants;
        if (single.count(-1) != 0)
            constants = single.at(-1).parts;
        if (single.size() > 1)
            single.erase(-1);
        if (single.size() == 1 && single.count(-1) != 0)
            for (const auto &[column, readings] : columns)
                if (values_of(readings.at(branches).tree).size() > 1 &&
                    add_coalesced(column, readings.at(branches), branches, constants))
                    return true;
        if (!single.empty()) {
            model::Alternative alternative;
            alternative.branches = branches;
            for (auto &[occurrence, target] : single)
                alternative.targets.push_back(occurrence < 0 ? target : with_constants(target, constants));
            analysis_.alternatives.push_back(std::move(alternative));
            return true;
        }
        for (const auto &[column, readings] : columns)
            if (add_coalesced(column, readings.at(branches), branches, constants))
                return true;
        return false;
    }

    static model::Target with_constants(model::Target target, const std::vector<model::Target::Part> &constants)
    {
        target.parts.insert(target.parts.end(), constants.begin(), constants.end());
        std::sort(target.parts.begin(), target.parts.end(),
                  [](const auto &one, const auto &other) { return one.key_column < other.key_column; });
        return target;
    }

    // One alternative per COALESCE argument of one column; other columns that are no constants are left open.
    bool add_coalesced(int column, const Resolved &reading, const Branches &branches,
                       const std::vector<model::Target::Part> &constants)
    {
        std::vector<model::Alternative> alternatives;
        for (Node *value : values_of(reading.tree)) {
            ColumnTarget found = column_target(tree_, reading, value, column);
            if (!found.obstacle.empty()) {
                obstacle(column, found.obstacle);
                return false;
            }
            alternatives.push_back({{with_constants(found.target, constants)}, branches});
        }
        std::move(alternatives.begin(), alternatives.end(), std::back_inserter(analysis_.alternatives));
        return true;
    }

    void obstacle(int column, const std::string &reason)
    {
        if (obstacle_.empty())
            obstacle_ = "key column \"" + analysis_.key[column].name + "\": " + reason;
    }

    const ScopeTree &tree_;
    model::Analysis &analysis_;
    std::map<std::vector<Branches>, std::map<int, std::map<Branches, Resolved>>> by_shape_;
    std::string obstacle_;
};

bool find_alternatives(const ScopeTree &tree, const std::vector<TargetEntry *> &entries, model::Analysis &analysis)
{
    KeyFinder finder(tree, analysis);
    for (std::size_t i = 0; i < entries.size(); ++i)
        finder.add_column(static_cast<int>(i), entries[i]);
    return finder.finish();
}

// The same for each grouping set, as if the query had that one alone.
void find_in_grouping_sets(const ScopeTree &tree, const std::vector<TargetEntry *> &entries, model::Analysis &analysis)
{
    Query *query = tree.top()->query;
    if (has_twin_grouping_columns(tree.top())) {
        analysis.no_key_route = "two grouping columns are one column of a subquery, which PostgreSQL may confuse";
        return;
    }
    std::vector<std::vector<Expr *>> expressions;     // by entry and grouping set
    for (TargetEntry *entry : entries)
        expressions.push_back(in_each_grouping_set(query, entry));
    query->groupingSets = nullptr;
    for (std::size_t set = 0; !entries.empty() && set < expressions.front().size(); ++set) {
        for (std::size_t i = 0; i < entries.size(); ++i)
            entries[i]->expr = expressions[i][set];
        if (!find_alternatives(tree, entries, analysis))
            return;
    }
}

}  // namespace

void find_key(const ScopeTree &tree, const std::vector<std::string> &key, model::Analysis &analysis)
{
    std::vector<TargetEntry *> entries;
    for (const std::string &name : key)
        for (auto *entry : pg::items<TargetEntry>(tree.top()->query->targetList))
            if (!entry->resjunk && entry->resname != nullptr && name == entry->resname) {
                struct Kind {
                    Oid type, collation;
                    bool hashable, identical;
                };
                Kind kind = pg::call([&] {
                    auto *expression = reinterpret_cast<Node *>(entry->expr);
                    TypeCacheEntry *cache = lookup_type_cache(exprType(expression), TYPECACHE_HASH_EXTENDED_PROC);
                    Oid collation = exprCollation(expression);
                    return Kind{exprType(expression), collation, OidIsValid(cache->hash_extended_proc),
                                equal_is_identical(exprType(expression), collation)};
                });
                analysis.key.push_back({name, describe_type(kind.type, kind.collation), equality_operator(kind.type),
                                        kind.hashable, kind.identical});
                entries.push_back(entry);
                break;
            }
    if (tree.top()->query->groupingSets != nullptr)
        find_in_grouping_sets(tree, entries, analysis);
    else
        find_alternatives(tree, entries, analysis);
}

}  // namespace tviews::analyze
