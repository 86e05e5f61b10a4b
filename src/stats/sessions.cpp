// Slots of sessions; see sessions.hpp.
#include "stats/sessions.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "catalog/settings.hpp"

namespace tviews::stats {

namespace {

struct Slot {
    slock_t mutex;
    Session session;
};
static_assert(std::is_trivially_copyable_v<Session>, "sessions are copied under a spinlock");

struct Header {
    slock_t mutex;
    catalog::CacheUsage ended;    // counters of sessions that ended
    int count;
    Slot slots[FLEXIBLE_ARRAY_MEMBER];
};

// Set in the postmaster and inherited; null without preloading.
Header *header = nullptr;

Slot *own = nullptr;              // null before first use and after the end
bool ended = false;
Slot alone;                       // without preloading, or where there is no slot
std::uint64_t published_caches = 0;       // catalog::cache_version() of the entries and bytes shown

void copy_counters(const catalog::CacheCounts &from, catalog::CacheCounts &to)
{
    to.hits = from.hits;
    to.misses = from.misses;
    to.invalidations = from.invalidations;
}

void copy_counters(const catalog::CacheUsage &from, catalog::CacheUsage &to)
{
    copy_counters(from.tviews, to.tviews);
    copy_counters(from.captures, to.captures);
    copy_counters(from.plans, to.plans);
}

void add_counters(catalog::CacheCounts &sum, const catalog::CacheCounts &other)
{
    sum.hits += other.hits;
    sum.misses += other.misses;
    sum.invalidations += other.invalidations;
}

void add_counters(catalog::CacheUsage &sum, const catalog::CacheUsage &other)
{
    add_counters(sum.tviews, other.tviews);
    add_counters(sum.captures, other.captures);
    add_counters(sum.plans, other.plans);
}

void add_size(catalog::CacheCounts &sum, const catalog::CacheCounts &other)
{
    sum.entries += other.entries;
    sum.bytes += other.bytes;
}

void add_size(catalog::CacheUsage &sum, const catalog::CacheUsage &other)
{
    add_size(sum.tviews, other.tviews);
    add_size(sum.captures, other.captures);
    add_size(sum.plans, other.plans);
}

void leave(int, Datum)
{
    ended = true;
    Slot *slot = std::exchange(own, nullptr);
    SpinLockAcquire(&slot->mutex);
    catalog::CacheUsage last = slot->session.caches;
    slot->session = Session{};
    SpinLockRelease(&slot->mutex);
    SpinLockAcquire(&header->mutex);
    add_counters(header->ended, last);
    SpinLockRelease(&header->mutex);
}

// This session's slot, taken at first use.
Slot &slot() noexcept
{
    if (own != nullptr)
        return *own;
    bool shared = header != nullptr && !ended && MyBackendId >= 1 && MyBackendId <= header->count;
    own = shared ? &header->slots[MyBackendId - 1] : &alone;
    if (!shared)
        SpinLockInit(&alone.mutex);
    SpinLockAcquire(&own->mutex);
    own->session = Session{};
    own->session.pid = MyProcPid;
    own->session.database = MyDatabaseId;
    own->session.role = GetSessionUserId();
    own->session.started = MyStartTime;
    SpinLockRelease(&own->mutex);
    if (shared)
        on_shmem_exit(leave, 0);
    return *own;
}

template <class Change>
void change(const Change &change) noexcept
{
    Slot &mine = slot();
    SpinLockAcquire(&mine.mutex);
    change(mine.session);
    SpinLockRelease(&mine.mutex);
}

Session copy(Slot &slot)
{
    SpinLockAcquire(&slot.mutex);
    Session session = slot.session;
    SpinLockRelease(&slot.mutex);
    return session;
}

}  // namespace

void publish_pending(const Pending &pending) noexcept
{
    auto shown = static_cast<std::size_t>(std::min(pending.tviews, most_shown));
    change([&](Session &session) {
        std::memcpy(&session.pending, &pending, offsetof(Pending, shown) + shown * sizeof(Oid));
    });
}

void publish_running(const Running &running) noexcept
{
    change([&](Session &session) { session.running = running; });
}

void publish_done(std::uint64_t done) noexcept
{
    change([&](Session &session) { session.running.done = done; });
}

void publish_done_from_signal(std::uint64_t done) noexcept
{
    if (own != nullptr)
        *const_cast<volatile std::uint64_t *>(&own->session.running.done) = done;
}

const Running &running() noexcept
{
    return slot().session.running;
}

void publish_idle() noexcept
{
    if (header == nullptr) {      // nobody else asks for the caches
        change([](Session &session) { session.pending.tviews = 0; });
        return;
    }
    std::uint64_t version = catalog::cache_version();
    bool resized = version != published_caches;
    published_caches = version;
    catalog::CacheUsage caches = resized ? catalog::cache_usage() : catalog::cache_counters();
    change([&](Session &session) {
        session.pending.tviews = 0;
        if (resized)
            session.caches = caches;
        else
            copy_counters(caches, session.caches);
    });
}

std::vector<Session> sessions()
{
    if (header == nullptr)
        return {copy(slot())};
    std::vector<Session> all;
    for (int i = 0; i < header->count; ++i) {
        Session session = copy(header->slots[i]);
        if (session.pid != 0 && session.database == MyDatabaseId)
            all.push_back(session);
    }
    return all;
}

AllCaches all_caches() noexcept
{
    if (header == nullptr)
        return {catalog::cache_usage(), 1};
    AllCaches all;
    SpinLockAcquire(&header->mutex);
    all.usage = header->ended;
    SpinLockRelease(&header->mutex);
    for (int i = 0; i < header->count; ++i) {
        Session session = copy(header->slots[i]);
        if (session.pid == 0)
            continue;
        add_counters(all.usage, session.caches);
        add_size(all.usage, session.caches);
        ++all.sessions;
    }
    return all;
}

std::size_t sessions_size()
{
    return ::add_size(offsetof(Header, slots), mul_size(static_cast<Size>(MaxBackends), sizeof(Slot)));
}

void start_sessions()
{
    bool found;
    header = static_cast<Header *>(ShmemInitStruct("pg_tviews sessions", sessions_size(), &found));
    if (found)
        return;
    SpinLockInit(&header->mutex);
    header->ended = catalog::CacheUsage{};
    header->count = MaxBackends;
    for (int i = 0; i < MaxBackends; ++i) {
        SpinLockInit(&header->slots[i].mutex);
        header->slots[i].session = Session{};
    }
}

}  // namespace tviews::stats
