// Taking the locks of a flush; the protocol is in locks.hpp.
#include "refresh/locks.hpp"

#include <map>

namespace tviews::refresh {

namespace {

// Field 4 of our lock tags: "tv".
constexpr uint16 lock_space = 0x7476;

}  // namespace

void lock_relations(const std::vector<std::shared_ptr<catalog::Compiled>> &tviews)
{
    std::map<Oid, LOCKMODE> wanted;
    for (const auto &tview : tviews) {
        for (const model::Occurrence &occurrence : tview->analysis.occurrences)
            wanted.try_emplace(occurrence.relation, AccessShareLock);
        wanted[tview->tview.table] = RowExclusiveLock;
    }
    for (const auto &[relation, mode] : wanted)
        pg::call(LockRelationOid, relation, mode);
}

void lock_tview(Oid table)
{
    pg::call([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, table, 0, lock_space);
        LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

}  // namespace tviews::refresh
