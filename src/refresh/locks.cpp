// Taking the locks of a flush; the protocol is in locks.hpp.
#include "refresh/locks.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "catalog/meta.hpp"
#include "catalog/settings.hpp"
#include "queue/seeds.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

// Field 4 of our lock tags, from "tv" on.
constexpr uint16 whole_space = 0x7476;
constexpr uint16 step_space = 0x7477;
constexpr uint16 document_space = 0x7478;

// Numbers in the space of whole tags: the TVIEW's, the documents', then X and Y of each step.
constexpr uint32 whole_tview = 0;
constexpr uint32 whole_documents = 1;
uint32 whole_step(int stage, int which)
{
    return 2 + 2 * static_cast<uint32>(stage) + static_cast<uint32>(which);
}

constexpr int document_level = -1;

// The mode on a step's whole tag X: `ours` says that we walk far, `theirs` that we exclude all who do, being near.  Y is the
// same the other way round.
LOCKMODE whole_mode(bool ours, bool theirs)
{
    if (ours && theirs)
        return ShareRowExclusiveLock;
    return ours ? RowExclusiveLock : theirs ? ShareLock : NoLock;
}

void sort_unique(std::vector<uint32> &hashes)
{
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

}  // namespace

void lock_relations(const std::vector<std::shared_ptr<catalog::Compiled>> &tviews, LOCKMODE mode)
{
    std::map<Oid, LOCKMODE> wanted;
    for (const auto &tview : tviews) {
        for (Oid view : tview->views)
            wanted.try_emplace(view, AccessShareLock);
        for (const model::Occurrence &occurrence : tview->analysis.occurrences)
            wanted.try_emplace(occurrence.relation, AccessShareLock);
        wanted[tview->tview.table] = std::max(mode, wanted[tview->tview.table]);
    }
    for (const auto &[relation, strength] : wanted)
        pg::call(LockRelationOid, relation, strength);
}

void lock_families(const std::set<Oid> &relations, LOCKMODE mode)
{
    std::set<Oid> locked;
    for (;;) {
        std::set<Oid> more;
        for (Oid relation : relations)
            for (Oid member : catalog::family_of(relation))
                if (locked.count(member) == 0)
                    more.insert(member);
        if (more.empty())
            return;
        for (Oid relation : more)
            pg::call(LockRelationOid, relation, mode);
        locked.merge(more);
    }
}

FlushLocks::FlushLocks(Oid tview, bool everything)
    : tview_(tview), exclusive_(everything || catalog::settings().lock_mode != catalog::LockMode::fine)
{
    if (catalog::settings().lock_mode != catalog::LockMode::none)
        acquire(whole_tview, whole_space, exclusive_ ? ExclusiveLock : RowExclusiveLock);
}

void FlushLocks::acquire(uint32 number, uint16 space, LOCKMODE mode) const
{
    if (mode == NoLock)
        return;
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, tview_, number, space);
    if (pg::call([&] { return LockAcquire(&tag, mode, false, true); }) != LOCKACQUIRE_NOT_AVAIL)
        return;
    stats::LockWait wait;
    pg::call([&] { LockAcquire(&tag, mode, false, false); });
}

// Counts over all flushes of the transaction, for they all keep their locks.
bool FlushLocks::too_many(int level, std::size_t count) const
{
    std::size_t &taken = queue::Queue::current().fine_locks[{tview_, level}];
    taken += count;
    return taken > static_cast<std::size_t>(catalog::settings().max_fine_locks);
}

void FlushLocks::step(int stage, Tags far, Tags near)
{
    if (exclusive_ || (far.none() && near.none()))
        return;
    sort_unique(far.hashes);
    sort_unique(near.hashes);
    if (too_many(stage, far.hashes.size() + near.hashes.size())) {
        far = {!far.none(), {}};
        near = {!near.none(), {}};
    }
    acquire(whole_step(stage, 0), whole_space, whole_mode(!far.none(), near.all));
    acquire(whole_step(stage, 1), whole_space, whole_mode(!near.none(), far.all));
    std::map<uint32, LOCKMODE> fine;
    for (uint32 hash : far.hashes)
        fine[hash_combine(static_cast<uint32>(stage), hash)] = ShareLock;
    for (uint32 hash : near.hashes) {
        auto [known, fresh] = fine.try_emplace(hash_combine(static_cast<uint32>(stage), hash), RowExclusiveLock);
        if (!fresh && known->second == ShareLock)
            known->second = ShareRowExclusiveLock;
    }
    for (const auto &[number, mode] : fine)
        acquire(number, step_space, mode);
}

void FlushLocks::documents(Tags tags)
{
    if (exclusive_ || tags.none())
        return;
    sort_unique(tags.hashes);
    bool all = tags.all || too_many(document_level, tags.hashes.size());
    acquire(whole_documents, whole_space, all ? ExclusiveLock : RowExclusiveLock);
    if (!all)
        for (uint32 hash : tags.hashes)
            acquire(hash, document_space, ExclusiveLock);
}

}  // namespace tviews::refresh
