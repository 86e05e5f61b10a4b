// Flushing; see flush.hpp, and locks.hpp for the lock protocol.
#include "refresh/flush.hpp"

#include <fmt/core.h>
#include <utility>

#include "catalog/settings.hpp"
#include "pg/spi.hpp"
#include "queue/seeds.hpp"
#include "refresh/flushing_scope.hpp"
#include "refresh/identity.hpp"
#include "refresh/locks.hpp"
#include "refresh/shared_values.hpp"
#include "refresh/walk.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

using Tviews = std::vector<std::shared_ptr<catalog::Compiled>>;

// The TVIEWs a flush may reach, in the global order: rank, then OID.  One dropped since its seeds were kept is left out.
Tviews in_order(queue::Queue &queue, Whose whose)
{
    Tviews tviews;
    std::set<Oid> tables = queue.affected();
    for (Oid table : tables) {
        if (!catalog::is_tview(table))
            queue.forget(table);
        else if (whose == Whose::all || catalog::refresh_mode_of(table) == catalog::RefreshMode::immediate)
            tviews.push_back(catalog::compiled(table));
    }
    catalog::put_in_order(tviews);
    return tviews;
}

// The same with all relations locked.  Waiting for a lock may have let somebody drop or redefine a TVIEW: look again until
// nothing has changed.
Tviews locked_in_order(queue::Queue &queue, Whose whose)
{
    for (Tviews tviews = in_order(queue, whose);;) {
        lock_relations(tviews);
        Tviews now = in_order(queue, whose);
        if (now == tviews)
            return now;
        tviews = std::move(now);
    }
}

Written finish(stats::FlushScope &measured, const Keys &keys, const Written &written)
{
    measured.flush.everything = keys.everything;
    measured.flush.inserted = written.inserted;
    measured.flush.updated = written.updated;
    measured.flush.deleted = written.deleted;
    measured.flush.unchanged = written.unchanged;
    measured.finish();
    return written;
}

// The same of one TVIEW.
std::shared_ptr<catalog::Compiled> locked(Oid table)
{
    for (auto tview = catalog::compiled(table);;) {
        lock_relations({tview});
        if (!catalog::is_tview(table))
            pg::raise({ERRCODE_UNDEFINED_TABLE, fmt::format("TVIEW {} was dropped by another session", tview->name())});
        auto now = catalog::compiled(table);
        if (now == tview)
            return now;
        tview = std::move(now);
    }
}

Written flush_tview(catalog::Compiled &tview, Moment moment)
{
    queue::Queue &queue = queue::Queue::current();
    stats::FlushScope measured(tview.tview.table, tview.relations.table);
    SeedList seeds = queue.take(tview.tview.table);
    for (const auto &[slot, seed] : seeds)
        measured.flush.seeds += seed->rows.size();
    Found found;
    Keys &keys = found.keys;
    keys.everything = cannot_walk(tview, seeds);
    FlushLocks locks(tview.tview.table, keys.everything);
    PinnedSettingsScope settings(tview.settings);
    measured.phase(stats::Phase::walk);
    bool compared = queue.compared.count(tview.tview.table) != 0;
    if (keys.everything && !compared && shared_values_hold(tview, seeds, moment))
        keys.everything = false;
    if (!keys.everything)
        found = walk(tview, seeds, locks, moment);
    queue.settle(IsolationUsesXactSnapshot() && moment == Moment::read);
    if (moment == Moment::commit) {
        keys.add(queue.revisit[tview.tview.table]);
    } else if (IsolationUsesXactSnapshot()) {
        queue.revisit[tview.tview.table].add(keys);
        queue.revisit[tview.tview.table].add(found.patches.keys());
    }
    if (keys.everything || queue.sees_uncaptured)
        queue.compared.insert(tview.tview.table);
    measured.phase(stats::Phase::locks);
    if (!locks.exclusive())
        locks.documents(document_tags(tview, found));
    measured.phase(stats::Phase::compare);
    return finish(measured, keys, rebuild(tview, found, moment));
}

std::uint64_t flush_round(Moment moment, Whose whose)
{
    queue::Queue &queue = queue::Queue::current();
    std::uint64_t written = 0;
    for (const auto &tview : locked_in_order(queue, whose)) {
        auto first = queue.pending().lower_bound({tview->tview.table, INT_MIN});
        if (first == queue.pending().end() || first->first.tview != tview->tview.table)
            continue;
        written += flush_tview(*tview, moment).total();
        queue.flushed_tables.insert(tview->tview.table);
    }
    return written;
}

void finish()
{
    queue::Queue &queue = queue::Queue::current();
    // A flush that wrote nothing is a command too: it may have waited for others and seen what the statement's snapshot does not.
    pg::call([] {
        GetCurrentCommandId(true);
        CommandCounterIncrement();
    });
    queue.flush_command = GetCurrentCommandId(false);
    queue.settle(IsolationUsesXactSnapshot());
    stats::flushed(queue.waiting_rows(), queue.waiting());
}

}  // namespace

std::uint64_t flush(Moment moment, int &rounds, Whose whose)
{
    queue::Queue &queue = queue::Queue::current();
    std::uint64_t written = 0;
    FlushingScope flushing;
    pg::SpiSession session;
    // The last statement of a transaction has not advanced the counter; its rows must be seen.
    pg::call(CommandCounterIncrement);
    while (whose == Whose::all ? queue.has_pending() : queue.has_immediate()) {
        if (rounds++ >= catalog::settings().max_flush_rounds)
            pg::raise({ERRCODE_STATEMENT_TOO_COMPLEX,
                       fmt::format("TVIEWs are still not up to date after {} rounds", rounds - 1),
                       "Triggers on TVIEWs write base tables that change the same TVIEWs again.",
                       "Break the cycle of triggers, or raise pg_tviews.max_flush_rounds."});
        written += flush_round(moment, whose);
    }
    finish();
    return written;
}

Written compare(Oid table, bool exclusive, Moment moment, const std::function<Found(catalog::Compiled &)> &which)
{
    FlushingScope flushing;
    pg::SpiSession session;
    pg::call(CommandCounterIncrement);
    auto tview = locked(table);
    stats::FlushScope measured(table, tview->relations.table);
    FlushLocks locks(table, exclusive);
    PinnedSettingsScope settings(tview->settings);
    Found documents = which(*tview);
    if (!locks.exclusive())
        locks.documents(document_tags(*tview, documents));
    measured.phase(stats::Phase::compare);
    Written written = finish(measured, documents.keys, rebuild(*tview, documents, moment));
    queue::Queue::current().flushed_tables.insert(table);
    queue::Queue::current().compared.insert(table);
    finish();
    return written;
}

Written refresh_some(Oid table, const Keys &keys)
{
    return compare(table, keys.everything, Moment::commit, [&](catalog::Compiled &) {
        Found documents;
        documents.keys.add(keys);
        return documents;
    });
}

Written refresh_all(Oid table)
{
    Written written = compare(table, true, Moment::read, [](catalog::Compiled &) {
        Found all;
        all.keys.everything = true;
        return all;
    });
    if (IsolationUsesXactSnapshot())      // what it could not see is compared again at commit
        queue::Queue::current().add_everything(table, catalog::RefreshMode::transactional);
    return written;
}

}  // namespace tviews::refresh
