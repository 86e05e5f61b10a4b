// Counters by TVIEW; see store.hpp.
//
// Under the lock of the table and the spinlock of an entry there is plain arithmetic only.
#include "stats/store.hpp"

#include <iterator>
#include <map>
#include <type_traits>
#include <vector>

#include "catalog/settings.hpp"
#include "stats/memory.hpp"

namespace tviews::stats {

namespace {

struct Key {
    Oid database;
    Oid tview;

    bool operator==(const Key &) const = default;
};

struct Entry {
    Key key;
    slock_t mutex;
    Counters counters;
};
static_assert(std::is_trivially_copyable_v<Counters>, "counters are written to a file as they are");

struct Header {
    pg_atomic_uint64 untracked;
    pg_atomic_uint64 looked_for_room;     // a TimestampTz
    TimestampTz since;            // under the table's lock
};

constexpr int64 room_interval = USECS_PER_SEC;

// Set in the postmaster and inherited; null without preloading.
Header *header = nullptr;
HTAB *table = nullptr;

bool found_no_room = false;       // this session, since it last made room

// Without preloading.
struct Local {
    std::map<Oid, Entry> entries;
    TimestampTz since = GetCurrentTimestamp();
};
Local &local()
{
    static auto *only = new Local;
    return *only;
}

Entry *find(Key key)
{
    return static_cast<Entry *>(hash_search(table, &key, HASH_FIND, nullptr));
}

bool is_full()
{
    return hash_get_num_entries(table) >= catalog::settings().max_tracked;
}

// Needs the table's lock, exclusive.  Null if it is full.
Entry *find_or_make(Key key)
{
    if (Entry *known = find(key))
        return known;
    if (is_full())
        return nullptr;
    auto *made = static_cast<Entry *>(hash_search(table, &key, HASH_ENTER_NULL, nullptr));
    if (made == nullptr)
        return nullptr;
    SpinLockAcquire(&made->mutex);
    made->counters = Counters{};
    SpinLockRelease(&made->mutex);
    bool may_have_missed = pg_atomic_read_u64(&header->untracked) != 0;
    made->counters.since = may_have_missed ? GetCurrentTimestamp() : header->since;
    return made;
}

// Where this session has found entries, so that it finds them again without the table's lock.
Entry *places[16];

Entry *&place(Oid tview)
{
    return places[tview % std::size(places)];
}

// Changes the counters of a TVIEW where this session has found them before; returns false if they are not there.
template <class Change>
bool change_at_place(Oid tview, const Change &change) noexcept
{
    Entry *entry = place(tview);
    if (entry == nullptr)
        return false;
    SpinLockAcquire(&entry->mutex);
    bool found = entry->key == Key{MyDatabaseId, tview};
    if (found)
        change(entry->counters);
    SpinLockRelease(&entry->mutex);
    return found;
}

// Needs the table's lock, exclusive.  The entry's spinlock outlives it: whoever has its place may look at its key.
void remove(Entry *entry)
{
    Key key = entry->key;
    hash_search(table, &key, HASH_REMOVE, nullptr);
    SpinLockAcquire(&entry->mutex);
    entry->key = Key{};
    SpinLockRelease(&entry->mutex);
}

// Null if there is no memory.
Entry *find_or_make_local(Oid tview) noexcept
{
    try {
        auto [entry, fresh] = local().entries.try_emplace(tview);
        if (fresh) {
            entry->second.key = {MyDatabaseId, tview};
            SpinLockInit(&entry->second.mutex);
            entry->second.counters.since = local().since;
        }
        return &entry->second;
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

// The same, shared; null if there is no room.
Entry *find_or_make_shared(Oid tview, TableLock &lock)
{
    Key key{MyDatabaseId, tview};
    Entry *entry = find(key);
    if (entry == nullptr && !is_full()) {
        lock.change(LW_EXCLUSIVE);
        entry = find_or_make(key);
    }
    found_no_room |= entry == nullptr;
    return entry;
}

// Changes the counters of a TVIEW, which get a place if they have none.  Returns whether there was one.
template <class Change>
bool change(Oid tview, const Change &change) noexcept
{
    if (change_at_place(tview, change))
        return true;
    if (header == nullptr)
        return (place(tview) = find_or_make_local(tview)) != nullptr && change_at_place(tview, change);
    TableLock lock(LW_SHARED);
    return (place(tview) = find_or_make_shared(tview, lock)) != nullptr && change_at_place(tview, change);
}

std::vector<Key> keys()
{
    std::vector<Key> found;
    found.reserve(static_cast<std::size_t>(catalog::settings().max_tracked));
    TableLock lock(LW_SHARED);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, table);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        found.push_back(entry->key);      // there is room
    return found;
}

bool exists(Key key)
{
    return pg::call([&] {
        if (key.database != MyDatabaseId)
            return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(key.database));
        return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(key.tview));
    });
}

// ---- the file: header, then entries

constexpr const char *file_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_tviews.stat";
constexpr const char *temporary_name = PGSTAT_STAT_PERMANENT_DIRECTORY "/pg_tviews.stat.tmp";
constexpr uint32 file_magic = 0x74760001;

struct FileHeader {
    uint32 magic;
    uint32 entry_size;
    uint32 entries;
    uint64 untracked;
    TimestampTz since;
};

bool write_all(FILE *file)
{
    FileHeader head{file_magic, sizeof(Counters), static_cast<uint32>(hash_get_num_entries(table)),
                    pg_atomic_read_u64(&header->untracked), header->since};
    bool done = fwrite(&head, sizeof head, 1, file) == 1;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, table);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        done = done && fwrite(&entry->key, sizeof entry->key, 1, file) == 1 &&
               fwrite(&entry->counters, sizeof entry->counters, 1, file) == 1;
    return done;
}

// When the server stops, but not when it crashes.  C-side.
void save(int code, Datum)
{
    if (code != 0)
        return;
    FILE *file = AllocateFile(temporary_name, PG_BINARY_W);
    bool done = file != nullptr && write_all(file);
    if (file != nullptr && FreeFile(file) != 0)
        done = false;
    if (done)
        (void) durable_rename(temporary_name, file_name, LOG);
    else
        ereport(LOG, (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", temporary_name)));
}

bool read_all(FILE *file)
{
    FileHeader head;
    if (fread(&head, sizeof head, 1, file) != 1 || head.magic != file_magic || head.entry_size != sizeof(Counters))
        return false;
    for (uint32 i = 0; i < head.entries; ++i) {
        Key key;
        static Counters counters; // too big for some stacks
        if (fread(&key, sizeof key, 1, file) != 1 || fread(&counters, sizeof counters, 1, file) != 1)
            return false;
        if (Entry *entry = find_or_make(key))
            entry->counters = counters;
    }
    pg_atomic_write_u64(&header->untracked, head.untracked);
    header->since = head.since;
    return true;
}

// The file goes once it is read, so that a crash does not bring old figures back.  C-side.
void load()
{
    FILE *file = AllocateFile(file_name, PG_BINARY_R);
    if (file == nullptr) {
        if (errno != ENOENT)
            ereport(LOG, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", file_name)));
        return;
    }
    if (!read_all(file))
        ereport(LOG, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("ignoring invalid data in file \"%s\"", file_name)));
    FreeFile(file);
    unlink(file_name);
}

// All entries there can be, for once.  C-side.
void initialise_locks()
{
    for (Oid tview = 0; !is_full(); ++tview) {
        Key key{InvalidOid, tview};
        SpinLockInit(&static_cast<Entry *>(hash_search(table, &key, HASH_ENTER, nullptr))->mutex);
    }
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, table);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        remove(entry);
}

}  // namespace

void Counters::add(const Flush &flush, TimestampTz now) noexcept
{
    ++refreshes;
    last_refresh = now;
    errors += flush.failed;
    everything += flush.everything;
    seeds += flush.seeds;
    lock_waits += flush.lock_waits;
    lock_wait_time += flush.lock_wait_time;
    if (flush.failed)
        return;
    inserted += flush.inserted;
    updated += flush.updated;
    deleted += flush.deleted;
    unchanged += flush.unchanged;
    time += flush.time;
    longest = std::max(longest, flush.time);
    write_time += flush.write_time;
    times.add(flush.time);
}

bool is_shared() noexcept
{
    return header != nullptr;
}

void add_flush(Oid tview, const Flush &flush, TimestampTz now) noexcept
{
    if (!change(tview, [&](Counters &counters) { counters.add(flush, now); }) && header != nullptr)
        pg_atomic_fetch_add_u64(&header->untracked, 1);
}

void add_pruned(Oid tview, std::uint64_t rows) noexcept
{
    change(tview, [&](Counters &counters) { counters.pruned += rows; });
}

void make_room()
{
    if (!found_no_room)
        return;
    found_no_room = false;
    TimestampTz now = GetCurrentTimestamp();
    auto last = static_cast<TimestampTz>(pg_atomic_read_u64(&header->looked_for_room));
    if (now - last < room_interval)
        return;
    pg_atomic_write_u64(&header->looked_for_room, static_cast<uint64>(now));
    for (Key key : keys()) {
        if (exists(key))
            continue;
        TableLock lock(LW_EXCLUSIVE);
        if (Entry *entry = find(key))
            remove(entry);
    }
}

Found read(Oid tview, Counters &counters) noexcept
{
    counters = Counters{};
    if (header == nullptr) {
        auto known = local().entries.find(tview);
        if (known == local().entries.end())
            return Found::none;
        counters = known->second.counters;
        return Found::yes;
    }
    TableLock lock(LW_SHARED);
    Entry *entry = find({MyDatabaseId, tview});
    if (entry == nullptr)
        return is_full() ? Found::untracked : Found::none;
    SpinLockAcquire(&entry->mutex);
    counters = entry->counters;
    SpinLockRelease(&entry->mutex);
    return Found::yes;
}

void reset(Oid tview) noexcept
{
    TimestampTz now = GetCurrentTimestamp();
    auto clear = [&](Counters &counters) {
        counters = Counters{};
        counters.since = now;
    };
    if (header == nullptr) {
        for (auto &[table, entry] : local().entries)
            if (!OidIsValid(tview) || table == tview)
                clear(entry.counters);
        if (!OidIsValid(tview))
            local().since = now;
        return;
    }
    TableLock lock(LW_EXCLUSIVE);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, table);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        if (entry->key.database == MyDatabaseId && (!OidIsValid(tview) || entry->key.tview == tview)) {
            SpinLockAcquire(&entry->mutex);
            clear(entry->counters);
            SpinLockRelease(&entry->mutex);
        }
    if (OidIsValid(tview))
        return;
    pg_atomic_write_u64(&header->untracked, 0);
    header->since = now;
}

StoreInfo store_info() noexcept
{
    if (header == nullptr)
        return {local().entries.size(), 0, local().since};
    TableLock lock(LW_SHARED);
    return {static_cast<std::uint64_t>(hash_get_num_entries(table)), pg_atomic_read_u64(&header->untracked), header->since};
}

void start_local()
{
    local();
}

std::size_t store_size()
{
    return add_size(MAXALIGN(sizeof(Header)), hash_estimate_size(catalog::settings().max_tracked, sizeof(Entry)));
}

void start_store()
{
    bool found;
    header = static_cast<Header *>(ShmemInitStruct("pg_tviews statistics", sizeof(Header), &found));
    HASHCTL info{};
    info.keysize = sizeof(Key);
    info.entrysize = sizeof(Entry);
    table = ShmemInitHash("pg_tviews statistics by TVIEW", catalog::settings().max_tracked, catalog::settings().max_tracked, &info,
                          HASH_ELEM | HASH_BLOBS);
    if (found)
        return;
    pg_atomic_init_u64(&header->untracked, 0);
    pg_atomic_init_u64(&header->looked_for_room, 0);
    header->since = GetCurrentTimestamp();
    initialise_locks();
    load();
    on_shmem_exit(save, 0);
}

}  // namespace tviews::stats
