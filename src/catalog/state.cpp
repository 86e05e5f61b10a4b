// Access to pg_tview_state; see state.hpp.
#include "catalog/state.hpp"

#include <fmt/core.h>
#include <set>

#include "catalog/meta.hpp"
#include "pg/spi.hpp"

namespace tviews::catalog {

namespace {

constexpr const char *state_name = "pg_tview_state";

// Order of the columns in the install script.
enum Column : AttrNumber { column_tview = 1, column_state };

struct Cache {
    bool known = false;
    Oid table = InvalidOid;
    std::set<Oid> suspended;
};

// Never destroyed: the backend exits with it.
Cache &cache()
{
    static auto *only = new Cache;
    return *only;
}

void on_relcache_invalidation(Datum, Oid relation)
{
    if (!OidIsValid(relation) || relation == cache().table)
        cache().known = false;
}

Oid state_table()
{
    Oid schema = extension_schema_oid();
    return OidIsValid(schema) ? pg::call([&] { return get_relname_relid(state_name, schema); }) : InvalidOid;
}

// Calls row(tview, state) for each mark.  Without a snapshot the scan sees the latest committed rows and our own.
template <class Row>
void each_mark(Oid table, Snapshot snapshot, const Row &row)
{
    if (!OidIsValid(table))
        return;
    struct Scan {
        Relation relation;
        SysScanDesc scan;
    };
    struct Found {
        Oid tview;
        const char *state;
    };
    Scan open = pg::call([&] {
        Relation relation = table_open(table, AccessShareLock);
        return Scan{relation, systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr)};
    });
    for (;;) {
        Found found = pg::call([&] {
            HeapTuple tuple = systable_getnext(open.scan);
            if (!HeapTupleIsValid(tuple))
                return Found{InvalidOid, nullptr};
            bool is_null;
            Datum tview = heap_getattr(tuple, column_tview, RelationGetDescr(open.relation), &is_null);
            Datum state = heap_getattr(tuple, column_state, RelationGetDescr(open.relation), &is_null);
            return Found{DatumGetObjectId(tview), TextDatumGetCString(state)};
        });
        if (found.state == nullptr)
            break;
        row(found.tview, std::string(found.state));
    }
    pg::call([&] {
        systable_endscan(open.scan);
        table_close(open.relation, AccessShareLock);
    });
}

const char *text_of(Mark mark)
{
    return mark == Mark::suspended ? "suspended" : mark == Mark::stale ? "stale" : "building";
}

std::string own_table()
{
    return *extension_schema() + "." + state_name;
}

void write(const std::string &sql, const std::vector<Oid> &types, const pg::Parameters &parameters)
{
    AsExtensionOwner owner;
    pg::Statement statement(sql, types);
    pg::call([] {
        CommandCounterIncrement();
        PushActiveSnapshot(GetLatestSnapshot());
    });
    statement.write(parameters, GetActiveSnapshot(), InvalidSnapshot);
    pg::call([] { PopActiveSnapshot(); });
    Oid table = state_table();
    pg::call([&] {
        CacheInvalidateRelcacheByRelid(table);
        CommandCounterIncrement();
    });
}

Marks find_marks(Oid tview, Snapshot snapshot)
{
    Marks marks;
    each_mark(state_table(), snapshot, [&](Oid marked, const std::string &state) {
        if (marked != tview)
            return;
        marks.suspended |= state == text_of(Mark::suspended);
        marks.stale |= state == text_of(Mark::stale);
        marks.building |= state == text_of(Mark::building);
    });
    return marks;
}

}  // namespace

Marks marks_of(Oid tview)
{
    return find_marks(tview, nullptr);
}

Marks visible_marks_of(Oid tview)
{
    return find_marks(tview, IsolationUsesXactSnapshot() ? pg::call(GetTransactionSnapshot) : nullptr);
}

bool is_suspended(Oid tview)
{
    Cache &all = cache();
    while (!all.known) {
        all.known = true;             // an invalidation during the scan undoes it
        all.suspended.clear();
        all.table = state_table();
        each_mark(all.table, nullptr, [&](Oid marked, const std::string &state) {
            if (state == text_of(Mark::suspended))
                all.suspended.insert(marked);
        });
    }
    return all.suspended.count(tview) != 0;
}

std::string add_mark(Oid tview, Mark mark)
{
    struct Row {
        Datum state, name;
        const char *text;
    };
    Row row = pg::call([&] {
        Datum name = DirectFunctionCall1(gen_random_uuid, Datum(0));
        return Row{CStringGetTextDatum(text_of(mark)), name, DatumGetCString(DirectFunctionCall1(uuid_out, name))};
    });
    std::string name = row.text;
    write(fmt::format("INSERT INTO {} (tview, state, mark) VALUES ($1, $2, $3)", own_table()), {REGCLASSOID, TEXTOID, UUIDOID},
          {{ObjectIdGetDatum(tview), row.state, row.name}, {}});
    return name;
}

void remove_marks(Oid tview)
{
    write(fmt::format("DELETE FROM {} WHERE tview = $1", own_table()), {REGCLASSOID}, {{ObjectIdGetDatum(tview)}, {}});
}

void remove_mark(const std::string &name)
{
    Datum uuid = pg::call([&] { return DirectFunctionCall1(uuid_in, CStringGetDatum(name.c_str())); });
    write(fmt::format("DELETE FROM {} WHERE mark = $1", own_table()), {UUIDOID}, {{uuid}, {}});
}

void watch_states()
{
    CacheRegisterRelcacheCallback(on_relcache_invalidation, 0);
}

}  // namespace tviews::catalog
