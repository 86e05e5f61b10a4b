// The per-backend cache: each TVIEW's definition with its analysis, routes and SQL, and for each base table what to capture.
//
// Nothing here is stored; all follows from pg_tview_meta and the backing view, so renames, dumps and restores cannot make it
// stale.  Invalidation of a relation or a function drops entries; whoever uses one keeps it alive by its shared pointer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyze/functions.hpp"
#include "catalog/tview.hpp"
#include "model/copies.hpp"
#include "model/stages.hpp"
#include "pg/spi.hpp"
#include "plan/rebuild_sql.hpp"
#include "plan/walk_sql.hpp"

namespace tviews::catalog {

// Hash functions of an equality, far and near side (plan::LockedEquality).
struct JoinHash {
    Oid far = InvalidOid;
    Oid near = InvalidOid;
    Oid collation = InvalidOid;
};

// An index by which a step finds its rows without SQL (refresh/index_step.hpp).
struct StepIndex {
    Oid index = InvalidOid;
    std::vector<std::size_t> values;      // of the rows walked from, the columns that are its first ones' values
};

// A stage with the functions that hash its join values for locks.
struct Stage : plan::CompiledStage {
    std::vector<JoinHash> hashes;
    std::optional<StepIndex> index;
};

// A key column all walks give, with the function that hashes it for document locks.
struct LockedKey {
    int key_column = 0;
    Oid hash = InvalidOid;
    Oid collation = InvalidOid;
};

// A step of rows that carry something, and what they pick up behind that of the rows they come to.
struct CarryingStep {
    plan::RowsStatement sql;
    std::vector<AttrNumber> picked_up;
};

// Columns of an occurrence whose changes are set in the documents, and how walks carry them there (refresh/patch.hpp).
struct Copies {
    model::ProvenCopies proven;
    // What a changed row is known by: the columns of the stage it enters; then what is carried behind them: the row's identity,
    // and what its elements are told by if it is behind them itself.
    std::vector<AttrNumber> columns;
    std::vector<Oid> types;
    std::map<int, CarryingStep> steps;            // by stage, of rows that carry it
};

// How the TVIEW's table holds its documents: columns of the table, from 0.
struct Storage {
    std::vector<int> columns;     // those of the definition
    int stamp = -1;               // updated_at
    // Which of the TVIEW's key columns the table's primary key consists of, in the order of its index; empty if it is not the key.
    std::vector<int> primary_key;
};

struct Compiled {
    Tview tview;
    Oid owner = InvalidOid;
    PinnedSettings settings;      // under which its queries run
    Oid capture_function = InvalidOid;
    int rank = 0;                 // 1 + the highest rank among the TVIEWs it reads
    model::Analysis analysis;
    std::vector<model::Route> routes;
    model::Stages order;
    std::vector<Stage> stages;    // of order.all
    std::vector<std::vector<Oid>> seed_types;   // by occurrence: of order.seed_columns, and of the mark `moved` (seeds.hpp)
    std::vector<std::optional<Copies>> copies;  // by occurrence
    // What documents are locked by; empty: only all at once.
    std::vector<LockedKey> locked_key;
    plan::Relations relations;
    std::vector<Oid> column_types;      // of the definition's columns
    std::vector<Oid> views;       // the backing view and those expanded in it
    std::vector<Oid> watched;     // relations whose invalidation drops this entry; sorted
    std::set<Oid> functions;      // the same for functions
    std::set<uint32> function_hashes;     // as the system cache reports them
    std::set<std::string> texts;  // bodies of functions whose names are looked up when they run
    std::size_t bytes = 0;        // on the heap, as measured when it was made

    std::string name() const { return relations.table; }
    // The statement with this text, prepared once per backend.
    pg::Statement &statement(const std::string &sql, const std::vector<Oid> &types);
    // The text of comparing documents by these columns of the key.
    const plan::Comparisons &comparisons(const std::vector<int> &part);
    pg::Statement::Kept kept_plans() const noexcept;
    // Of the TVIEW's table, which is open and locked.  Raises 42703 if it has lost a column.
    const Storage &storage(Relation table);

private:
    std::optional<Storage> storage_;
    std::map<std::vector<int>, plan::Comparisons> comparisons_;
    std::map<std::string, std::unique_ptr<pg::Statement>> statements_;
};

// What the capture trigger of one relation has to look at for one occurrence of one TVIEW.
struct CaptureTarget {
    Oid tview = InvalidOid;
    int occurrence = 0;
    bool any_column = false;      // every column counts (whole-row reference)
    bool passed = false;          // walks arrive at it from other occurrences
    std::vector<AttrNumber> copied;     // of `used`, those whose change can be set in the documents
    std::vector<AttrNumber> copied_seed;      // the columns of the seed then (Copies)
    std::vector<Oid> copied_types;
    std::vector<AttrNumber> used; // in the captured relation's own numbering
    std::vector<AttrNumber> seed_columns;    // likewise
    std::vector<AttrNumber> layout;          // the same columns as the occurrence numbers them
    std::vector<Oid> seed_types;
    bool everything = false;
    bool inserts = true;          // whether inserted rows concern it
    RefreshMode mode = RefreshMode::transactional;
};

struct CaptureTargets : std::vector<CaptureTarget> {
    bool read = false;            // some TVIEW reads the relation, if only what lies above it: ONLY leaves its rows out
};

// Raises: 42P01 if `table` is not a TVIEW, 55000 if it was made for another protocol version.
std::shared_ptr<Compiled> compiled(Oid table);

// The order in which flushes take TVIEWs: those they read come first (rank), then by OID.
void put_in_order(std::vector<std::shared_ptr<Compiled>> &tviews);

// Whether `table` is a TVIEW; costs nothing where it is in the cache, and waits for who is dropping it where not.
bool is_tview(Oid table);

// The refresh mode of a TVIEW; of what is none any more: transactional.
RefreshMode refresh_mode_of(Oid table);

// What analysing its query needs to know besides.
analyze::Environment environment_of(const Tview &tview);

// Builds the same from a definition that is not catalogued yet.
std::shared_ptr<Compiled> compile(const Tview &tview);

// The occurrences fed by `relation`: directly, as a child or partition of what the query names, or as an inheritance parent
// through which the rows of what it names can be written.
std::shared_ptr<const CaptureTargets> capture_targets(Oid relation);

// TVIEWs that read `relation`, by the same rule.
std::vector<Oid> readers_of(Oid relation);

// Inheritance parents of an ordinary table, of all levels; a partition has none in this sense.
std::vector<Oid> inheritance_ancestors(Oid relation);

// What this backend's caches hold and how they did since it started.
struct CacheCounts {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;      // approximately
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t invalidations = 0;
};
struct CacheUsage {
    CacheCounts tviews;           // compiled()
    CacheCounts captures;         // capture_targets()
    CacheCounts plans;            // of the statements of both
};
// Walks all entries for entries and bytes.
CacheUsage cache_usage() noexcept;
// Changes whenever entries or bytes may have.
std::uint64_t cache_version() noexcept;
// Changes whenever what the caches held may be out of date: TVIEWs made, dropped or redefined, by whichever session.
std::uint64_t generation();
// The counters alone; entries and bytes are zero.
CacheUsage cache_counters() noexcept;

// Registers the invalidation callbacks; called once, from _PG_init.
void watch_invalidations();

}  // namespace tviews::catalog
