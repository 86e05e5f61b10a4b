// Making and dropping capture triggers; see triggers.hpp.
#include "ddl/triggers.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <string_view>

#include "analyze/names.hpp"
#include "catalog/meta.hpp"
#include "ddl/internal.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"
#include "pg/subtransaction.hpp"
#include "queue/seeds.hpp"
#include "queue/skipping.hpp"
#include "refresh/locks.hpp"

namespace tviews::ddl {

namespace {

struct Kind {
    const char *name;
    const char *clause;
    char fires;      // under which session_replication_role, as in pg_trigger.tgenabled
};

constexpr const char *each_row = "AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW";

constexpr Kind statement_kinds[] = {
    {"!pg_tviews_insert", "AFTER INSERT ON {} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT", TRIGGER_FIRES_ON_ORIGIN},
    {"!pg_tviews_update", "AFTER UPDATE ON {} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT",
     TRIGGER_FIRES_ON_ORIGIN},
    {"!pg_tviews_delete", "AFTER DELETE ON {} REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT", TRIGGER_FIRES_ON_ORIGIN}};
// Beside them for what logical replication applies, which fires no statement triggers.
constexpr Kind replica_kind = {"!pg_tviews_replica", each_row, TRIGGER_FIRES_ON_REPLICA};
constexpr Kind row_kind = {"!pg_tviews_row", each_row, TRIGGER_FIRES_ALWAYS};
// For a partition that a query names itself; the row trigger it may get from its root has the other name.
constexpr Kind partition_kind = {"!pg_tviews_partition", each_row, TRIGGER_FIRES_ALWAYS};
constexpr Kind truncate_kind = {"!pg_tviews_truncate", "AFTER TRUNCATE ON {} FOR EACH STATEMENT", TRIGGER_FIRES_ALWAYS};

struct Relkind {
    char kind;
    bool partition;
};

Relkind kind_of(Oid relation)
{
    return pg::call([&] { return Relkind{get_rel_relkind(relation), get_rel_relispartition(relation)}; });
}

Oid trigger_oid(Oid relation, const char *name)
{
    return pg::call([&] { return get_trigger_oid(relation, name, true); });
}

// The triggers a table needs; a partition may have its row trigger from the root, as a clone.
std::vector<Kind> wanted_triggers(Oid relation)
{
    Relkind relkind = kind_of(relation);
    std::vector<Kind> wanted{truncate_kind};
    if (relkind.partition)
        wanted.push_back(OidIsValid(trigger_oid(relation, row_kind.name)) ? row_kind : partition_kind);
    else if (relkind.kind == RELKIND_PARTITIONED_TABLE)
        wanted.push_back(row_kind);
    else {
        wanted.insert(wanted.end(), std::begin(statement_kinds), std::end(statement_kinds));
        wanted.push_back(replica_kind);
    }
    return wanted;
}

struct State {
    bool clone;
    char fires;
};

State state_of(Oid trigger)
{
    return pg::call([&] {
        ScanKeyData key;
        Relation triggers = table_open(TriggerRelationId, AccessShareLock);
        ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(trigger));
        SysScanDesc scan = systable_beginscan(triggers, TriggerOidIndexId, true, nullptr, 1, &key);
        HeapTuple tuple = systable_getnext(scan);
        State state{false, TRIGGER_DISABLED};
        if (HeapTupleIsValid(tuple)) {
            auto *row = reinterpret_cast<Form_pg_trigger>(GETSTRUCT(tuple));
            state = {OidIsValid(row->tgparentid), row->tgenabled};
        }
        systable_endscan(scan);
        table_close(triggers, AccessShareLock);
        return state;
    });
}

std::vector<Kind> all_kinds()
{
    std::vector<Kind> kinds(std::begin(statement_kinds), std::end(statement_kinds));
    kinds.insert(kinds.end(), {replica_kind, row_kind, partition_kind, truncate_kind});
    return kinds;
}

std::set<Oid> captured_relations(const catalog::Compiled &tview)
{
    std::set<Oid> relations;
    for (const model::Occurrence &occurrence : tview.analysis.occurrences) {
        relations.insert(occurrence.relation);
        if (occurrence.inherit)
            for (Oid child : catalog::family_of(occurrence.relation))
                relations.insert(child);
        for (Oid parent : catalog::inheritance_ancestors(occurrence.relation))
            relations.insert(parent);
    }
    return relations;
}

// Locks them against writers.  Who held a lock that this waited for may have attached another one.
std::set<Oid> lock_captured(const catalog::Compiled &tview)
{
    std::set<Oid> locked;
    for (std::set<Oid> found = captured_relations(tview); found != locked; found = captured_relations(tview)) {
        for (Oid relation : found)
            if (locked.count(relation) == 0)
                pg::call(LockRelationOid, relation, ShareRowExclusiveLock);
        locked = std::move(found);
    }
    return locked;
}

// Lets a trigger fire as its kind should; partitions' clones follow.
void set_firing(const std::string &table, const Kind &kind)
{
    const char *when = kind.fires == TRIGGER_FIRES_ALWAYS ? "ALWAYS " : kind.fires == TRIGGER_FIRES_ON_REPLICA ? "REPLICA " : "";
    pg::execute(fmt::format("ALTER TABLE {} ENABLE {}TRIGGER \"{}\"", table, when, kind.name));
}

// Returns how many it made.  Needs SPI and the extension owner's rights.
int make_missing_triggers(Oid relation)
{
    int made = 0;
    std::string table = analyze::qualified_relation_name(relation);
    for (const Kind &kind : wanted_triggers(relation)) {
        if (OidIsValid(trigger_oid(relation, kind.name)))
            continue;
        pg::execute(fmt::format("CREATE TRIGGER \"{}\" {} EXECUTE FUNCTION {}.pg_tviews_capture()", kind.name,
                                fmt::format(fmt::runtime(kind.clause), table), *catalog::extension_schema()));
        if (kind.fires != TRIGGER_FIRES_ON_ORIGIN)
            set_firing(table, kind);
        ++made;
    }
    return made;
}

void drop_triggers(Oid relation)
{
    for (const Kind &kind : all_kinds()) {
        Oid trigger = trigger_oid(relation, kind.name);
        if (!OidIsValid(trigger) || state_of(trigger).clone)      // clones go with the trigger of their root
            continue;
        pg::call([&] {
            ObjectAddress address{TriggerRelationId, trigger, 0};
            performDeletion(&address, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
            CommandCounterIncrement();
        });
    }
}

void check_privilege(Oid relation)
{
    bool allowed = pg::call([&] {
        return pg_class_ownercheck(relation, GetUserId()) ||
               pg_class_aclcheck(relation, GetUserId(), ACL_TRIGGER) == ACLCHECK_OK;
    });
    if (!allowed)
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE,
                   "permission denied for table " + analyze::qualified_relation_name(relation),
                   "A TVIEW needs capture triggers on every table it reads.",
                   "GRANT TRIGGER ON " + analyze::qualified_relation_name(relation) + " TO the creator of the TVIEW."});
}

// The tables with capture triggers, whether a TVIEW reads them or not.  Needs SPI.
std::vector<Oid> captured_tables()
{
    std::vector<Oid> tables;
    pg::execute("SELECT DISTINCT tgrelid FROM pg_catalog.pg_trigger WHERE tgfoid = $1 ORDER BY 1", {OIDOID},
                {{ObjectIdGetDatum(catalog::capture_function())}, {}}, [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    tables.push_back(DatumGetObjectId(slot->tts_values[0]));
                });
    return tables;
}

// Drops the triggers of tables that no TVIEW reads, such as a restored schema without its data has; the others shall fire as
// they should.
void put_right(const std::vector<Oid> &tables)
{
    std::vector<Oid> unused;
    for (Oid table : tables) {
        if (!catalog::readers_of(table).empty()) {
            restore_firing(table);
            continue;
        }
        check_privilege(table);
        unused.push_back(table);
    }
    remove_unused_triggers(unused);
}

struct TriggerProblem {
    Oid table;
    const char *trigger;
    const char *what;
};

// Whether a trigger does not fire where it should: at all, or in replication.
const char *firing_problem(const Kind &kind, char fires)
{
    if (fires == TRIGGER_DISABLED || (fires == TRIGGER_FIRES_ON_REPLICA && kind.fires != TRIGGER_FIRES_ON_REPLICA))
        return "disabled";
    return fires == kind.fires ? nullptr : "fires at the wrong time";
}

// What is wrong with the capture triggers of tables that TVIEWs read.  TVIEWs that do not compile are left out.
void find_wanting(std::vector<TriggerProblem> &problems)
{
    std::set<Oid> relations;
    for (const catalog::Tview &tview : catalog::all_tviews())       // one that cannot be analysed is a problem of another kind
        pg::attempt([&] { relations.merge(captured_relations(*catalog::compiled(tview.table))); });
    for (Oid relation : relations)
        for (const Kind &kind : wanted_triggers(relation)) {
            Oid trigger = trigger_oid(relation, kind.name);
            const char *what = OidIsValid(trigger) ? firing_problem(kind, state_of(trigger).fires) : "missing";
            if (what != nullptr)
                problems.push_back({relation, kind.name, what});
        }
}

// Locks all tables that are to be captured, and returns those that lack a trigger, whichever TVIEW's turn it will be to make it.
std::set<Oid> lock_lacking()
{
    std::set<Oid> relations;
    for (const catalog::Tview &tview : catalog::all_tviews())
        relations.merge(captured_relations(*catalog::compiled(tview.table)));
    for (Oid relation : relations)
        pg::call(LockRelationOid, relation, ShareRowExclusiveLock);
    std::erase_if(relations, [](Oid relation) { return !lacks_triggers(relation); });
    return relations;
}

void find_orphaned(std::vector<TriggerProblem> &problems)
{
    for (Oid table : captured_tables())
        if (catalog::readers_of(table).empty())
            for (const Kind &kind : all_kinds())
                if (OidIsValid(trigger_oid(table, kind.name)))
                    problems.push_back({table, kind.name, "orphaned"});
}

}  // namespace

int install_triggers(const catalog::Compiled &tview)
{
    std::set<Oid> relations = lock_captured(tview);
    InternalDdl internal;
    int made = 0;
    // Roots first: their row triggers appear on the partitions as clones.
    std::vector<Oid> ordered(relations.begin(), relations.end());
    std::stable_partition(ordered.begin(), ordered.end(), [](Oid relation) { return !kind_of(relation).partition; });
    for (Oid relation : ordered) {
        // A partition's privileges do not count, its root's do.
        if (!kind_of(relation).partition)
            check_privilege(relation);
        catalog::AsExtensionOwner owner;
        made += make_missing_triggers(relation);
    }
    catalog::invalidate({relations.begin(), relations.end()});
    return made;
}

void lock_out_writers(const std::set<Oid> &relations)
{
    if (std::none_of(relations.begin(), relations.end(), lacks_triggers))
        refresh::lock_families(relations);
}

void remove_unused_triggers(const std::vector<Oid> &relations)
{
    std::set<Oid> all;
    for (Oid relation : relations) {
        if (!catalog::relation_exists(relation))
            continue;
        for (Oid member : catalog::family_of(relation))
            all.insert(member);
        for (Oid parent : catalog::inheritance_ancestors(relation))
            all.insert(parent);
    }
    InternalDdl internal;
    catalog::AsExtensionOwner owner;
    for (Oid relation : all)
        if (catalog::readers_of(relation).empty())
            drop_triggers(relation);
    // A partition that a query names itself may have lost the row trigger it had as a clone.
    for (Oid relation : all)
        if (!catalog::readers_of(relation).empty())
            make_missing_triggers(relation);
    catalog::invalidate({all.begin(), all.end()});
}

void restore_firing(Oid relation)
{
    InternalDdl internal;
    catalog::AsExtensionOwner owner;
    for (const Kind &kind : all_kinds()) {
        Oid trigger = trigger_oid(relation, kind.name);
        char fires = OidIsValid(trigger) ? state_of(trigger).fires : TRIGGER_DISABLED;
        if (fires != TRIGGER_DISABLED && fires != kind.fires)
            set_firing(analyze::qualified_relation_name(relation), kind);
    }
}

bool lacks_triggers(Oid relation)
{
    auto wanted = wanted_triggers(relation);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const Kind &kind) { return !OidIsValid(trigger_oid(relation, kind.name)); });
}

bool capture_is_disabled(Oid relation)
{
    return pg::call([&] {
        Relation open = relation_open(relation, AccessShareLock);
        bool disabled = false;
        for (int i = 0; open->trigdesc != nullptr && i < open->trigdesc->numtriggers; ++i) {
            const Trigger &trigger = open->trigdesc->triggers[i];
            bool ours = std::string_view(trigger.tgname).starts_with("!pg_tviews_");
            bool for_replica = trigger.tgenabled == TRIGGER_FIRES_ON_REPLICA && std::string_view(trigger.tgname) != replica_kind.name;
            disabled |= ours && (trigger.tgenabled == TRIGGER_DISABLED || for_replica);
        }
        relation_close(open, AccessShareLock);
        return disabled;
    });
}

}  // namespace tviews::ddl

TVIEWS_FUNCTION(pg_tviews_reinstall_triggers)
{
    using namespace tviews;
    pg::SpiSession session;
    int made = 0;
    std::set<Oid> lacking = ddl::lock_lacking();
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        auto compiled = catalog::compiled(tview.table);
        made += ddl::install_triggers(*compiled);
        std::set<Oid> relations = ddl::captured_relations(*compiled);
        // What happened meanwhile is unknown.
        if (std::any_of(relations.begin(), relations.end(), [&](Oid relation) { return lacking.count(relation) != 0; }))
            queue::note_everything(tview.table);
    }
    ddl::put_right(ddl::captured_tables());
    return Int32GetDatum(made);
}

// Only what is wrong.
TVIEWS_FUNCTION(pg_tviews_check_triggers)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    pg::SpiSession session;
    std::vector<ddl::TriggerProblem> problems;
    ddl::find_wanting(problems);
    ddl::find_orphaned(problems);
    for (const ddl::TriggerProblem &problem : problems) {
        Datum values[3] = {};
        bool nulls[3] = {};
        pg::call([&] {
            values[0] = ObjectIdGetDatum(problem.table);
            values[1] = CStringGetTextDatum(problem.trigger);
            values[2] = CStringGetTextDatum(problem.what);
        });
        result.add(values, nulls);
    }
    return Datum(0);
}
