// The cache of compiled TVIEWs and of what capture triggers look at; see compiled.hpp.  Not here: compiling one (compile.cpp).
#include "catalog/compiled.hpp"

#include <algorithm>
#include <array>
#include <malloc.h>
#include <set>

#include "analyze/names.hpp"
#include "catalog/listener.hpp"
#include "catalog/meta.hpp"

namespace tviews::catalog {

namespace {

struct Cache {
    std::map<Oid, std::shared_ptr<Compiled>> tviews;
    std::map<Oid, std::shared_ptr<const CaptureTargets>> targets;
    bool stale = false;           // something was invalidated that concerns all entries
    std::uint64_t generation = 0; // how often it was
    CacheCounts tview_counts;
    CacheCounts target_counts;
};

// Never destroyed: the backend exits with it.
Cache &cache()
{
    static auto *only = new Cache;
    return *only;
}

// Marks entries, frees nothing: this can run in the middle of any catalog access.
void on_relcache_invalidation(Datum, Oid relation)
{
    Listener::note(&Listener::relations, relation);
    Cache &all = cache();
    if (!OidIsValid(relation)) {
        all.stale = true;
        return;
    }
    if (all.targets.count(relation) != 0)
        all.stale = true;
    for (const auto &[table, entry] : all.tviews)
        if (std::binary_search(entry->watched.begin(), entry->watched.end(), relation))
            all.stale = true;
}

// A hash of zero: any function may have changed.
void on_function_invalidation(Datum, int, uint32 hash)
{
    Listener::note(&Listener::functions, hash);
    Cache &all = cache();
    for (const auto &[table, entry] : all.tviews)
        all.stale |= hash == 0 || entry->function_hashes.count(hash) != 0;
}

void drop_stale()
{
    Cache &all = cache();
    if (!all.stale)
        return;
    all.stale = false;
    ++all.generation;
    all.tview_counts.invalidations += all.tviews.size();
    all.target_counts.invalidations += all.targets.size();
    all.tviews.clear();
    all.targets.clear();
}

// What C++ has allocated: all of malloc's but the server's memory contexts.
std::size_t heap_bytes()
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd - MemoryContextMemAllocated(TopMemoryContext, true);
}

bool contains(const std::vector<Oid> &list, Oid item)
{
    return std::find(list.begin(), list.end(), item) != list.end();
}

// The relation itself and everything it is a child or partition of.
std::vector<Oid> with_ancestors(Oid relation)
{
    std::vector<Oid> found{relation};
    for (std::size_t i = 0; i < found.size(); ++i) {
        List *parents = pg::call([&] {
            List *list = NIL;
            Relation inherits = table_open(InheritsRelationId, AccessShareLock);
            ScanKeyData key;
            ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(found[i]));
            SysScanDesc scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
            HeapTuple tuple;
            while (HeapTupleIsValid(tuple = systable_getnext(scan)))
                list = lappend_oid(list, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent);
            systable_endscan(scan);
            table_close(inherits, AccessShareLock);
            return list;
        });
        for (int p = 0; parents != nullptr && p < parents->length; ++p)
            if (!contains(found, lfirst_oid(&parents->elements[p])))
                found.push_back(lfirst_oid(&parents->elements[p]));
    }
    return found;
}

// The child's number of a parent's column, found by name.
AttrNumber column_in(Oid relation, const model::Attribute &attribute)
{
    return pg::call([&] {
        AttrNumber number = get_attnum(relation, attribute.name.c_str());
        if (number == InvalidAttrNumber)
            elog(ERROR, "column \"%s\" of relation %u not found", attribute.name.c_str(), relation);
        return number;
    });
}

CaptureTarget make_target(const Compiled &tview, int index, Oid relation)
{
    const model::Occurrence &occurrence = tview.analysis.occurrences[index];
    bool same = relation == occurrence.relation;
    CaptureTarget target;
    target.tview = tview.tview.table;
    target.occurrence = index;
    target.passed = tview.order.passed[index];
    target.layout = tview.order.seed_columns[index];
    target.seed_types = tview.seed_types[index];
    target.everything = tview.routes[index].everything;
    target.mode = tview.tview.mode;
    for (model::AttributeNumber number : occurrence.used) {
        if (number == model::whole_row)
            target.any_column = true;
        else if (number > 0)
            target.used.push_back(same ? number : column_in(relation, *occurrence.attribute(number)));
    }
    if (const auto &copies = tview.copies[index]; copies && same && !target.any_column) {
        const auto &columns = copies->proven.row.columns;
        target.copied.assign(columns.begin(), columns.end());
        // A patch finds its row by these: a row that they no longer tell is a seed.
        for (model::AttributeNumber number : copies->proven.row.identity)
            if (std::find(target.used.begin(), target.used.end(), number) == target.used.end())
                target.used.push_back(number);
        target.copied_seed = copies->columns;
        target.copied_types = copies->types;
    }
    for (model::AttributeNumber number : tview.order.seed_columns[index]) {
        if (number <= 0 && !same)
            target.everything = true;     // a child's row is not of the parent's row type
        else
            target.seed_columns.push_back(same ? number : column_in(relation, *occurrence.attribute(number)));
    }
    return target;
}

Tview usable_tview(Oid table)
{
    auto tview = find_tview(table);
    if (!tview)
        pg::raise({ERRCODE_UNDEFINED_TABLE, "relation " + std::to_string(table) + " is not a TVIEW"});
    if (tview->protocol != protocol_version)
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "TVIEW \"" + tview->schema + ".tv_" + tview->entity + "\" was made for another version of pg_tviews",
                   "Its lock protocol has version " + std::to_string(tview->protocol) + ", the loaded library's is " +
                       std::to_string(protocol_version) + ".",
                   "Reconnect to load the current library."});
    return std::move(*tview);
}

// Makes an entry again until nothing it was made of has changed meanwhile.
template<class Make, class Disturbed>
auto make_undisturbed(Make make, Disturbed disturbed)
{
    constexpr int most_attempts = 16;         // the last one's is used once
    for (int attempt = 1;; ++attempt) {
        Listener heard;
        auto made = make();
        if (!disturbed(*made, heard))
            return made;
        if (attempt == most_attempts) {
            cache().stale = true;
            return made;
        }
    }
}

std::shared_ptr<Compiled> compile_undisturbed(Oid table)
{
    return make_undisturbed([&] { return compile(usable_tview(table)); }, [](const Compiled &made, const Listener &heard) {
        return heard.relations.any_of(made.watched) || heard.functions.any_of(made.function_hashes);
    });
}

}  // namespace

std::shared_ptr<Compiled> compiled(Oid table)
{
    drop_stale();
    auto known = cache().tviews.find(table);
    if (known != cache().tviews.end()) {
        ++cache().tview_counts.hits;
        return known->second;
    }
    pg::Statement::release_discarded();
    ++cache().tview_counts.misses;
    std::size_t before = heap_bytes();
    auto made = compile_undisturbed(table);
    std::size_t after = heap_bytes();
    made->bytes = after > before ? after - before : 0;
    cache().tviews[table] = made;
    return made;
}

bool is_tview(Oid table)
{
    drop_stale();
    if (cache().tviews.count(table) != 0)
        return true;
    auto tview = find_tview(table);
    if (!tview)
        return false;
    pg::call(LockRelationOid, tview->view, AccessShareLock);      // waits for who is dropping it
    return find_tview(table).has_value();
}

RefreshMode refresh_mode_of(Oid table)
{
    drop_stale();
    auto known = cache().tviews.find(table);
    if (known != cache().tviews.end())
        return known->second->tview.mode;
    auto tview = find_tview(table);
    return tview ? tview->mode : RefreshMode::transactional;
}

std::vector<Oid> inheritance_ancestors(Oid relation)
{
    if (pg::call(get_rel_relispartition, relation))
        return {};
    std::vector<Oid> ancestors = with_ancestors(relation);
    ancestors.erase(ancestors.begin());
    return ancestors;
}

std::vector<Oid> readers_of(Oid relation)
{
    std::vector<Oid> readers;
    std::vector<Oid> family = with_ancestors(relation);
    for (const Tview &tview : all_tviews())
        if (std::any_of(tview.dependencies.begin(), tview.dependencies.end(), [&](Oid dependency) {
                return contains(family, dependency) || contains(inheritance_ancestors(dependency), relation);
            }))
            readers.push_back(tview.table);
    return readers;
}

namespace {

// A statement on a parent reports its children's rows in the parent's shape, without the columns of their own.
CaptureTarget target_through_parent(const Compiled &tview, int index)
{
    CaptureTarget target;
    target.tview = tview.tview.table;
    target.occurrence = index;
    target.any_column = target.everything = true;
    target.inserts = false;
    target.mode = tview.tview.mode;
    target.layout = tview.order.seed_columns[index];
    target.seed_types = tview.seed_types[index];
    return target;
}

CaptureTargets find_targets(Oid relation)
{
    CaptureTargets targets;
    std::vector<Oid> family = with_ancestors(relation);
    for (Oid reader : readers_of(relation)) {
        targets.read = true;
        if (!is_tview(reader))
            continue;
        auto tview = compiled(reader);
        for (int i = 0; i < static_cast<int>(tview->analysis.occurrences.size()); ++i) {
            const model::Occurrence &occurrence = tview->analysis.occurrences[i];
            if (occurrence.earlier >= 0)
                continue;
            bool itself = occurrence.relation == relation;
            if (itself || (occurrence.inherit && contains(family, occurrence.relation)))
                targets.push_back(make_target(*tview, i, relation));
            else if (contains(inheritance_ancestors(occurrence.relation), relation))
                targets.push_back(target_through_parent(*tview, i));
        }
    }
    return targets;
}

std::shared_ptr<const CaptureTargets> find_targets_undisturbed(Oid relation)
{
    std::uint64_t before = 0;
    auto find = [&] {
        drop_stale();
        before = cache().generation;
        return std::make_shared<const CaptureTargets>(find_targets(relation));
    };
    return make_undisturbed(find, [&](const CaptureTargets &, const Listener &heard) {
        return cache().generation != before || cache().stale || heard.relations.any_of(std::array{relation});
    });
}

}  // namespace

std::shared_ptr<const CaptureTargets> capture_targets(Oid relation)
{
    drop_stale();
    auto known = cache().targets.find(relation);
    if (known != cache().targets.end()) {
        ++cache().target_counts.hits;
        return known->second;
    }
    ++cache().target_counts.misses;
    auto targets = find_targets_undisturbed(relation);
    cache().targets[relation] = targets;
    return targets;
}

std::uint64_t generation()
{
    drop_stale();
    return cache().generation;
}

std::uint64_t cache_version() noexcept
{
    const Cache &all = cache();
    return all.tview_counts.misses + all.tview_counts.invalidations + all.target_counts.misses + all.target_counts.invalidations +
           pg::Statement::counts().made;
}

CacheUsage cache_counters() noexcept
{
    const pg::Statement::Counts &plans = pg::Statement::counts();
    return {cache().tview_counts, cache().target_counts, {0, 0, plans.reused, plans.made, plans.discarded}};
}

CacheUsage cache_usage() noexcept
{
    const Cache &all = cache();
    CacheUsage usage = cache_counters();
    for (const auto &[table, tview] : all.tviews) {
        pg::Statement::Kept kept = tview->kept_plans();
        usage.tviews.entries += 1;
        usage.tviews.bytes += tview->bytes;
        usage.plans.entries += kept.plans;
        usage.plans.bytes += kept.bytes;
    }
    for (const auto &[relation, targets] : all.targets) {
        usage.captures.entries += 1;
        usage.captures.bytes += targets->capacity() * sizeof(CaptureTarget);
        for (const CaptureTarget &target : *targets)
            usage.captures.bytes += sizeof(AttrNumber) * (target.copied.capacity() + target.used.capacity() +
                                                          target.seed_columns.capacity() + target.layout.capacity()) +
                                    sizeof(Oid) * target.seed_types.capacity();
    }
    return usage;
}

void watch_invalidations()
{
    CacheRegisterRelcacheCallback(on_relcache_invalidation, 0);
    CacheRegisterSyscacheCallback(PROCOID, on_function_invalidation, 0);
}

}  // namespace tviews::catalog
