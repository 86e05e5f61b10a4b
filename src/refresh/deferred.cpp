// Writers' and appliers' part of deferred and manual TVIEWs; the protocol is in deferred.hpp.
#include "refresh/deferred.hpp"

#include <algorithm>
#include <utility>

#include "catalog/meta.hpp"
#include "catalog/queued.hpp"
#include "pg/spi.hpp"
#include "refresh/flush.hpp"
#include "refresh/flushing_scope.hpp"
#include "refresh/identity.hpp"
#include "refresh/walk.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

// Field 4 of the lock's tag, next to those of locks.cpp and queue/skipping.cpp.
constexpr uint16 queue_space = 0x747a;

bool enqueued_deferred = false;

LOCKTAG queue_tag(Oid tview)
{
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, tview, 0, queue_space);
    return tag;
}

// Under which keys are written and read as text: the TVIEW's, but where these would make a text mean another value when it is read, as
// an abbreviated time zone does.
class KeySettingsScope {
public:
    explicit KeySettingsScope(const catalog::PinnedSettings &settings)
        : pinned_(settings), exact_(catalog::PinnedSettings{{"extra_float_digits", "3"},
                                                            {"DateStyle", "ISO"},
                                                            {"IntervalStyle", "postgres"},
                                                            {"array_nulls", "on"}})
    {
    }

private:
    PinnedSettingsScope pinned_;
    PinnedSettingsScope exact_;
};

// The TVIEWs with seeds, their relations locked as a reader locks them; those that are none any more are forgotten.
std::vector<std::shared_ptr<catalog::Compiled>> locked_tviews(queue::Queue &queue)
{
    std::vector<std::shared_ptr<catalog::Compiled>> known;
    for (;;) {
        std::vector<std::shared_ptr<catalog::Compiled>> tviews;
        for (Oid table : queue.queued_tviews()) {
            if (catalog::is_tview(table))
                tviews.push_back(catalog::compiled(table));
            else
                queue.forget(table);
        }
        if (tviews == known)
            return known;
        lock_relations(tviews, AccessShareLock);
        known = std::move(tviews);
    }
}

Keys walked_keys(catalog::Compiled &tview, const SeedList &seeds, Moment moment)
{
    Keys keys;
    keys.everything = cannot_walk(tview, seeds);
    if (keys.everything || seeds.empty())
        return keys;
    PinnedSettingsScope settings(tview.settings);
    FlushLocks none;
    Found found = walk(tview, seeds, none, moment);
    keys.add(found.keys);
    keys.add(found.patches.keys());
    return keys;
}

void append(catalog::Compiled &tview, const Keys &keys)
{
    KeySettingsScope settings(tview.settings);
    if (keys.everything)
        return catalog::append_everything(tview);
    for (const auto &[part, rows] : keys.parts)
        if (!rows.empty())
            catalog::append_keys(tview, part, rows);
}

// Step (2).
Keys take_queued(catalog::Compiled &tview, Moment moment, bool remove)
{
    KeySettingsScope settings(tview.settings);
    SnapshotScope snapshot(moment);
    catalog::QueuedTexts texts = catalog::queued_texts(tview);
    if (remove)
        catalog::remove_queued(tview.tview.table);
    RoleScope role(tview.owner, Security::restricted);
    catalog::QueuedKeys queued = catalog::read_keys(tview, texts);
    return {queued.everything, std::move(queued.parts)};
}

struct Holders {
    VirtualTransactionId *list;
    int count;
};

// Other transactions that hold a TVIEW's queue lock now.
Holders holders_of(Oid tview)
{
    LOCKTAG tag = queue_tag(tview);
    return pg::call([&] {
        Holders found{nullptr, 0};
        found.list = GetLockConflicts(&tag, ExclusiveLock, &found.count);
        return found;
    });
}

// Waits for them; returns whether there were any.
bool wait_for_holders(Oid tview)
{
    Holders holders = holders_of(tview);
    for (int i = 0; i < holders.count; ++i) {
        stats::LockWait wait;
        pg::call([&] { VirtualXactLock(holders.list[i], true); });
    }
    return holders.count != 0;
}

bool recurses(const model::Analysis &analysis)
{
    return std::any_of(analysis.occurrences.begin(), analysis.occurrences.end(),
                       [](const model::Occurrence &occurrence) { return occurrence.recursion >= 0; });
}

// Step (3).
void wait_for_writers(const catalog::Compiled &tview)
{
    Oid table = tview.tview.table;
    for (std::size_t i = 0; i < tview.analysis.occurrences.size(); ++i)
        if (!wait_for_holders(table))
            return;
    if (!recurses(tview.analysis))
        return;
    LOCKTAG tag = queue_tag(table);
    pg::call([&] {
        LockAcquire(&tag, ExclusiveLock, false, false);
        LockRelease(&tag, ExclusiveLock, false);
    });
}

// The documents to compare, `more` among them.
Found take_documents(catalog::Compiled &tview, const Keys &more, Moment moment)
{
    queue::Queue &queue = queue::Queue::current();
    Oid table = tview.tview.table;
    bool later = moment == Moment::read && IsolationUsesXactSnapshot();
    Found found;
    found.keys = take_queued(tview, moment, !later);
    found.keys.add(more);
    if (!later)
        wait_for_writers(tview);
    queue.requeue(table);
    if (queue.has_queued(table))
        found.keys.add(walked_keys(tview, queue.queued(table), moment));
    if (later)
        queue.apply_at_commit.try_emplace(table, GetCurrentTransactionNestLevel()).first->second.keys.add(found.keys);
    return found;
}

Written apply(Oid table, const Keys &more, Moment moment)
{
    return compare(table, true, moment, [&](catalog::Compiled &tview) { return take_documents(tview, more, moment); });
}

}  // namespace

void enqueue()
{
    queue::Queue &queue = queue::Queue::current();
    if (!queue.has_queued())
        return;
    FlushingScope flushing;
    pg::SpiSession session;
    pg::call(CommandCounterIncrement);
    auto tviews = locked_tviews(queue);
    for (const auto &tview : tviews) {
        LOCKTAG tag = queue_tag(tview->tview.table);
        pg::call([&] { LockAcquire(&tag, ShareLock, false, false); });
    }
    for (const auto &tview : tviews) {
        append(*tview, walked_keys(*tview, queue.take_queued(tview->tview.table), Moment::commit));
        note_enqueued(tview->tview.mode);
    }
    pg::call(CommandCounterIncrement);
    queue.settle(true);
    stats::flushed(queue.waiting_rows(), queue.waiting());
}

bool has_enqueued_deferred()
{
    return enqueued_deferred;
}

void note_enqueued(catalog::RefreshMode mode)
{
    enqueued_deferred |= mode == catalog::RefreshMode::deferred;
}

void forget_enqueued()
{
    enqueued_deferred = false;
}

Written apply(Oid table, bool everything)
{
    Keys keys;
    keys.everything = everything;
    return apply(table, keys, Moment::read);
}

bool apply_the_rest()
{
    queue::Queue &queue = queue::Queue::current();
    auto rest = std::exchange(queue.apply_at_commit, {});
    std::vector<std::shared_ptr<catalog::Compiled>> tviews;
    for (const auto &[table, what] : rest)
        if (catalog::is_tview(table))
            tviews.push_back(catalog::compiled(table));
    catalog::put_in_order(tviews);
    for (const auto &tview : tviews)
        apply(tview->tview.table, rest.at(tview->tview.table).keys, Moment::commit);
    return !tviews.empty();
}

bool writers_under_way()
{
    for (const catalog::Tview &tview : catalog::all_tviews())
        if (tview.mode == catalog::RefreshMode::deferred && holders_of(tview.table).count != 0)
            return true;
    return false;
}

bool may_differ(Oid tview)
{
    return catalog::has_queued_keys(tview) || (queue::Queue::exists() && queue::Queue::current().has_queued(tview));
}

}  // namespace tviews::refresh
