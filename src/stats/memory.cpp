// Setting shared memory up; see memory.hpp.
#include "stats/memory.hpp"

#include "stats/sessions.hpp"
#include "stats/store.hpp"

namespace tviews::stats {

namespace {

constexpr const char *tranche = "pg_tviews";

shmem_request_hook_type next_request = nullptr;
shmem_startup_hook_type next_startup = nullptr;
LWLock *lock = nullptr;           // set in the postmaster and inherited

extern "C" void on_request()
{
    if (next_request != nullptr)
        next_request();
    RequestAddinShmemSpace(add_size(store_size(), sessions_size()));
    RequestNamedLWLockTranche(tranche, 1);
}

extern "C" void on_startup()
{
    if (next_startup != nullptr)
        next_startup();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    lock = &GetNamedLWLockTranche(tranche)->lock;
    start_store();
    start_sessions();
    LWLockRelease(AddinShmemInitLock);
}

}  // namespace

void start()
{
    if (!process_shared_preload_libraries_in_progress) {
        start_local();
        return;
    }
    next_request = std::exchange(shmem_request_hook, on_request);
    next_startup = std::exchange(shmem_startup_hook, on_startup);
}

TableLock::TableLock(LWLockMode mode)
{
    LWLockAcquire(lock, mode);
}

TableLock::~TableLock()
{
    LWLockRelease(lock);
}

void TableLock::change(LWLockMode mode)
{
    LWLockRelease(lock);
    LWLockAcquire(lock, mode);
}

}  // namespace tviews::stats
