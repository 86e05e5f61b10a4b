// Skipping; the rules are in skipping.hpp.
#include "queue/skipping.hpp"

#include "catalog/settings.hpp"
#include "catalog/state.hpp"
#include "pg/spi.hpp"
#include "queue/seeds.hpp"

namespace tviews::queue {

namespace {

// Field 4 of the lock's tag, next to those of refresh/locks.cpp.
constexpr uint16 skip_space = 0x7479;

bool lock(Oid tview, LOCKMODE mode, bool wait)
{
    return pg::call([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, tview, 0, skip_space);
        if (LockAcquire(&tag, mode, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
            return false;
        AcceptInvalidationMessages();
        return true;
    });
}

}  // namespace

bool skips(Oid tview)
{
    bool by_session = catalog::session_suspends(tview);
    if (!by_session && !catalog::is_suspended(tview))
        return false;
    Queue &queue = Queue::current();
    if (queue.skipped.count(tview) != 0)
        return true;
    if (!lock(tview, ShareLock, false))
        return false;
    catalog::Marks now = catalog::marks_of(tview), seen = catalog::visible_marks_of(tview);
    if (!by_session && !now.suspended)
        return false;
    // A mark that only this snapshot shows has been taken away: it says nothing to others.
    if (!(now.suspended || now.stale) || !(seen.suspended || seen.stale)) {
        pg::SpiSession session;
        catalog::add_mark(tview, catalog::Mark::stale);
    }
    queue.skipped[tview] = GetCurrentTransactionNestLevel();
    return true;
}

void note_everything(Oid tview)
{
    if (!skips(tview))
        Queue::current().add_everything(tview, catalog::refresh_mode_of(tview));
}

void lock_against_resume(Oid tview)
{
    lock(tview, ShareLock, true);
}

void lock_against_skipping(Oid tview)
{
    lock(tview, ExclusiveLock, true);
}

void forget_skipped(Oid tview)
{
    Queue::current().skipped.erase(tview);
}

}  // namespace tviews::queue
