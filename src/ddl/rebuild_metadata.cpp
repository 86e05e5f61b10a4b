// pg_tviews_rebuild_metadata() and pg_tviews_check_metadata(): rows of pg_tview_meta that are lost or damaged are written again from what
// remains.  Documents are kept and compared: while nobody knew of the TVIEW, its base tables may have been written.
//
// Rows come first, all of them, since the analysis of one TVIEW asks for those it reads; then what an analysis gives, with the capture
// triggers, whose making waits for writers; then the comparisons, in order of dependency.
#include <algorithm>
#include <fmt/core.h>
#include <tuple>

#include "analyze/names.hpp"
#include "catalog/audit.hpp"
#include "catalog/compiled.hpp"
#include "catalog/state.hpp"
#include "catalog/verified.hpp"
#include "ddl/binding.hpp"
#include "ddl/define.hpp"
#include "ddl/internal.hpp"
#include "ddl/options.hpp"
#include "ddl/remains.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"
#include "pg/subtransaction.hpp"
#include "pg/text.hpp"
#include "queue/flush_points.hpp"
#include "queue/skipping.hpp"
#include "refresh/flush.hpp"
#include "refresh/identity.hpp"
#include "stats/progress.hpp"

namespace tviews::ddl {

namespace {

void check_may_rebuild(const Remains &found)
{
    if (!pg::call([&] { return pg_class_ownercheck(found.row.tview.table, GetUserId()); }))
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for TVIEW " + found.name,
                   "Only the owner of a TVIEW can rebuild its metadata."});
    if (!found.unfit.empty())
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, fmt::format("cannot rebuild the metadata of TVIEW {}", found.name),
                   "The TVIEW was altered while pg_tview_meta did not know it: " + found.unfit + ".",
                   "Undo that, or drop the table and create the TVIEW again: pg_tviews_health_metadata() has the commands."});
}

Datum as_jsonb(const std::string &text)
{
    return pg::call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.c_str())); });
}

// The relations that the option reads names, looked up as they were when the TVIEW was created.  Returns the failure, if any.
ErrorData *look_up_reads(const Remains &found, std::optional<std::vector<Oid>> &reads)
{
    return pg::attempt([&] {
        refresh::PinnedSettingsScope settings(found.row.tview.settings);
        Datum options = as_jsonb(found.row.options);
        reads = parse_options(pg::call([&] { return DatumGetJsonbP(options); })).reads;
    });
}

std::optional<std::vector<Oid>> declared_reads(const Remains &found)
{
    std::optional<std::vector<Oid>> reads;
    ErrorData *failure = look_up_reads(found, reads);
    if (failure != nullptr)
        pg::emit(WARNING, {ERRCODE_WARNING, fmt::format("the relations that functions in TVIEW {} read are not known any more", found.name),
                           failure->message, "Drop the TVIEW and create it again with the option reads."});
    return reads;
}

// With which pg_tviews_create() makes the TVIEW as it was.  Its key is that of its table, if the query still outputs that.
std::string options_to_make_again(const Remains &found)
{
    const catalog::Tview &tview = found.row.tview;
    bool output = std::all_of(tview.key.begin(), tview.key.end(), [&](const std::string &column) {
        return pg::call([&] { return get_attnum(tview.view, column.c_str()); }) != InvalidAttrNumber;
    });
    std::optional<std::vector<Oid>> reads;
    look_up_reads(found, reads);
    return options_as_now(found.row.options, output ? tview.key : std::vector<std::string>{}, reads, tview.mode);
}

std::string settings_to_make_again(const Remains &found)
{
    catalog::Details settings;
    for (const auto &[name, value] : found.row.tview.settings)
        settings.add(name, value);
    return settings.text();
}

void warn_of_guesses(const Remains &found)
{
    if (found.options_guessed)
        pg::emit(WARNING, {ERRCODE_WARNING, fmt::format("the audit log does not have the options of TVIEW {}", found.name),
                           "They are taken to be " + found.row.options + ", as its table shows; reads cannot be seen there.",
                           "If a function in the query reads tables unseen, drop the TVIEW and create it again with the option reads."});
    if (found.settings_guessed)
        pg::emit(WARNING, {ERRCODE_WARNING, fmt::format("the audit log does not have the settings of TVIEW {}", found.name),
                           "From now on its documents are built under those of this session.",
                           "If they were others (TimeZone, search_path …), set them, drop the TVIEW and create it again."});
}

void write_row(Remains &found)
{
    warn_of_guesses(found);
    found.row.tview.reads = declared_reads(found);
    catalog::restore_tview(found.row, found.created_at, found.created_by);
}

// A suspended TVIEW is resumed by whoever suspended it.
void mark_again(const Remains &found)
{
    queue::lock_against_resume(found.row.tview.table);
    catalog::add_mark(found.row.tview.table, catalog::Mark::suspended);
}

void complete_row(const Remains &found)
{
    const catalog::Tview tview = *catalog::find_tview(found.row.tview.table);
    adopt_redefinition(tview);
    bind(tview.table, tview.view);
    catalog::invalidate(catalog::find_tview(tview.table)->dependencies);
    catalog::invalidate({tview.table});
}

void audit_rebuild(const Remains &found)
{
    catalog::Details details;
    catalog::audit("ALTER", found.row.tview.entity, details.add("table", found.name).add("rebuilt", found.problem()));
}

std::vector<Remains> wanting(std::optional<Oid> table)
{
    std::vector<Remains> found = find_remains(table);
    std::erase_if(found, [](const Remains &one) { return one.sound(); });
    return found;
}

// What one row cannot be written without: a row that cannot be read stands in its way, and those that capture triggers alone give away
// are given away no more once it is there.
std::vector<Remains> wanting_with(std::optional<Oid> table)
{
    if (pg::attempt([] { catalog::all_tviews(); }) != nullptr)
        return wanting(std::nullopt);
    std::vector<Remains> found = wanting(table);
    bool together = std::any_of(found.begin(), found.end(), [](const Remains &one) { return one.by_triggers; });
    return together ? wanting(std::nullopt) : found;
}

// One rebuild at a time, and rows as they are then.
std::vector<Remains> rebuild(std::optional<Oid> table)
{
    InternalDdl internal;
    pg::SpiSession session;
    pg::call([] { LockRelationOid(catalog::meta_table(), ShareUpdateExclusiveLock); });
    std::vector<Remains> all = wanting_with(table);
    auto rewritten = [](const Remains &one) { return !one.has_row || !one.damaged.empty(); };
    for (Remains &one : all) {
        check_may_rebuild(one);
        if (rewritten(one))
            write_row(one);
    }
    pg::call(CommandCounterIncrement);
    for (const Remains &one : all) {
        if (rewritten(one))
            complete_row(one);
        if (one.forgotten)
            mark_again(one);
        audit_rebuild(one);
    }
    std::sort(all.begin(), all.end(), [](const Remains &a, const Remains &b) {
        Oid left = a.row.tview.table, right = b.row.tview.table;
        return std::tuple(catalog::compiled(left)->rank, left) < std::tuple(catalog::compiled(right)->rank, right);
    });
    return all;
}

// What is marked differs by its own account, until it is resumed.
std::optional<refresh::Written> compare(const Remains &one)
{
    if (catalog::marks_of(one.row.tview.table).any())
        return std::nullopt;
    stats::Progress progress("refresh", one.name);
    progress.phase("comparing", stats::estimated_rows(one.row.tview.table));
    refresh::Written written = refresh::refresh_all(one.row.tview.table);
    catalog::note_repaired(one.row.tview.table);
    return written;
}

// The table an argument names, nothing for NULL.  Raises: 42P01; 42809 unless it is, or was, a TVIEW.
std::optional<Oid> named_table(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0))
        return std::nullopt;
    RangeVar *range = pg::call([&] { return makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(0))); });
    Oid table = pg::call([&] { return RangeVarGetRelid(range, NoLock, false); });
    pg::SpiSession session;
    if (find_remains(table).empty())
        pg::raise({ERRCODE_WRONG_OBJECT_TYPE, fmt::format("\"{}\" is not a TVIEW", range->relname),
                   "It is not bound to a backing view, and the audit log does not know it.",
                   "pg_tviews_check_metadata() lists the TVIEWs whose metadata want rebuilding."});
    return table;
}

// A library of another version would write rows for itself.
void check_version()
{
    pg::SpiSession session;
    std::string installed;
    pg::execute("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'pg_tviews'", {}, {},
                [&](TupleTableSlot *slot) { installed = pg::text_column(slot, 1).value_or(""); });
    if (installed != PG_TVIEWS_VERSION)
        pg::raise({ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "metadata can only be rebuilt by the version that is installed",
                   fmt::format("The loaded library has version {}, the SQL objects have {}.", PG_TVIEWS_VERSION, installed),
                   "Run ALTER EXTENSION pg_tviews UPDATE, or reconnect to load the current library."});
}

}  // namespace

}  // namespace tviews::ddl

TVIEWS_FUNCTION(pg_tviews_rebuild_metadata)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    ddl::check_version();
    queue::flush_now();
    std::optional<Oid> table = ddl::named_table(fcinfo);
    for (const ddl::Remains &one : ddl::rebuild(table)) {
        std::optional<refresh::Written> written = ddl::compare(one);
        Datum values[5] = {};
        bool nulls[5] = {false, false, !written, !written, !written};
        values[0] = ObjectIdGetDatum(one.row.tview.table);
        values[1] = pg::text_datum(one.problem());
        if (written) {
            values[2] = Int64GetDatum(static_cast<int64>(written->inserted));
            values[3] = Int64GetDatum(static_cast<int64>(written->updated));
            values[4] = Int64GetDatum(static_cast<int64>(written->deleted));
        }
        result.add(values, nulls);
    }
    return Datum(0);
}

// Only what is wrong.
TVIEWS_FUNCTION(pg_tviews_check_metadata)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    pg::SpiSession session;
    for (const ddl::Remains &one : ddl::wanting(std::nullopt)) {
        Datum values[6] = {};
        bool nulls[6] = {};
        values[0] = ObjectIdGetDatum(one.row.tview.table);
        values[1] = ObjectIdGetDatum(one.row.tview.view);
        values[2] = pg::text_datum(one.problem());
        values[3] = BoolGetDatum(one.unfit.empty());
        values[4] = ddl::as_jsonb(ddl::options_to_make_again(one));
        nulls[5] = one.settings_guessed;
        values[5] = ddl::as_jsonb(ddl::settings_to_make_again(one));
        result.add(values, nulls);
    }
    return Datum(0);
}
