// What the planner thinks a TVIEW's hops and rebuilds cost: estimates by its statistics, nothing is run.
#pragma once

#include "catalog/compiled.hpp"
#include "refresh/identity.hpp"

namespace tviews::inspect {

// Estimates one TVIEW's statements under its settings and as the roles they run as.  Needs an SPI session.
class Costs {
public:
    explicit Costs(const catalog::Compiled &tview) : tview_(tview), settings_(tview.tview.settings) {}

    // Of a stage's step, from one row.
    pg::Estimate step(int stage) const;
    // Of comparing one document with the query, and of comparing all.
    pg::Estimate document() const;
    pg::Estimate everything() const;

    struct Change {
        double hops = 0;
        double documents = 0;
    };
    // What one changed row of an occurrence leads to.
    Change change(int occurrence) const;

private:
    pg::Estimate estimate(const std::string &sql, const std::vector<Oid> &types, Oid reader) const;

    const catalog::Compiled &tview_;
    refresh::PinnedSettingsScope settings_;
};

}  // namespace tviews::inspect
