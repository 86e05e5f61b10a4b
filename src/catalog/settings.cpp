// The extension's settings; see settings.hpp.
#include "catalog/settings.hpp"

#include <charconv>
#include <cstring>

#include "pg/guard.hpp"

namespace tviews::catalog {

namespace {

Settings values;

char *suspended = nullptr;

// Calls each(oid) for each number of the list; returns false where it is none.  Raises nothing.
template <class Each>
bool each_oid(const char *list, const Each &each)
{
    const char *end = list + std::strlen(list);
    while (list != end) {
        unsigned int oid = 0;
        auto [next, error] = std::from_chars(list, end, oid);
        if (error != std::errc() || (next != end && *next != ',') || next + 1 == end)
            return false;
        each(oid);
        list = next == end ? end : next + 1;
    }
    return true;
}

bool check_suspended(char **value, void **, GucSource)
{
    return each_oid(*value, [](unsigned int) {});
}

int lock_mode = static_cast<int>(LockMode::fine);

const config_enum_entry lock_modes[] = {{"fine", static_cast<int>(LockMode::fine), false},
                                        {"whole", static_cast<int>(LockMode::whole), false},
                                        {"none", static_cast<int>(LockMode::none), false},
                                        {nullptr, 0, false}};

int log_format = static_cast<int>(LogFormat::text);

const config_enum_entry log_formats[] = {{"text", static_cast<int>(LogFormat::text), false},
                                         {"json", static_cast<int>(LogFormat::json), false},
                                         {nullptr, 0, false}};

constexpr std::size_t longest_trace_id = 200;

bool check_trace_id(char **value, void **, GucSource)
{
    if (std::strlen(*value) <= longest_trace_id)
        return true;
    GUC_check_errdetail("A trace id has at most %zu bytes.", longest_trace_id);
    return false;
}

// What output and input functions, casts, quoting, name lookup and parsing inside functions read, and the one that lets index scans
// leave rows out.  row_security is always off in a rebuild.
constexpr const char *pinned_names[] = {"search_path", "TimeZone", "timezone_abbreviations", "DateStyle", "IntervalStyle",
                                        "extra_float_digits", "bytea_output", "array_nulls", "quote_all_identifiers", "lc_monetary",
                                        "lc_numeric", "lc_time", "xmlbinary", "xmloption", "default_text_search_config",
                                        "standard_conforming_strings", "backslash_quote", "transform_null_equals",
                                        "gin_fuzzy_search_limit"};

void define_monitoring_settings()
{
    DefineCustomBoolVariable("pg_tviews.track", "Counts what flushes do, per TVIEW.",
                             "Off: the session's flushes do not appear in pg_tviews_performance_summary.", &values.track, true,
                             PGC_SUSET, 0, nullptr, nullptr, nullptr);
    if (process_shared_preload_libraries_in_progress)
        DefineCustomIntVariable("pg_tviews.max_tracked", "TVIEWs, over all databases, for which statistics are kept in shared memory.",
                                "Flushes of further ones are counted as not tracked.", &values.max_tracked, 1000, 1, 1000000,
                                PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_tviews.log_min_duration", "Logs flushes of a TVIEW that take at least so long.",
                            "-1 logs none, 0 all.", &values.log_min_duration, -1, -1, INT_MAX, PGC_SUSET, GUC_UNIT_MS, nullptr,
                            nullptr, nullptr);
    DefineCustomEnumVariable("pg_tviews.log_format", "Form of the DETAIL of a logged flush: text or json.",
                             "A JSON object is for programs that read the log.", &log_format, log_format, log_formats, PGC_SUSET, 0,
                             nullptr, [](int value, void *) { values.log_format = static_cast<LogFormat>(value); }, nullptr);
    DefineCustomStringVariable("pg_tviews.trace_id", "A name for what the session is doing, such as the application's trace id.",
                               "It appears in logged flushes and in rows of pg_tview_audit_log.", &values.trace_id, "", PGC_USERSET,
                               0, check_trace_id, nullptr, nullptr);
    DefineCustomIntVariable("pg_tviews.progress_notices", "Time between notices of progress of a long command.",
                            "0 sends none; pg_tviews_progress shows the progress either way.", &values.progress_notices, 0, 0,
                            INT_MAX, PGC_USERSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
}

}  // namespace

const Settings &settings()
{
    return values;
}

std::size_t seed_memory()
{
    return static_cast<std::size_t>(values.max_seed_memory) * 1024;
}

bool session_suspends(unsigned int tview)
{
    bool found = false;
    if (*suspended != '\0')
        each_oid(suspended, [&](unsigned int oid) { found |= oid == tview; });
    return found;
}

std::set<unsigned int> suspended_by_session()
{
    std::set<unsigned int> tviews;
    each_oid(suspended, [&](unsigned int oid) { tviews.insert(oid); });
    return tviews;
}

void suspend_by_session(const std::set<unsigned int> &tviews, bool local)
{
    std::string list;
    for (unsigned int tview : tviews)
        list += (list.empty() ? "" : ",") + std::to_string(tview);
    pg::call([&] {
        set_config_option("pg_tviews.suspended", list.c_str(), PGC_SUSET, PGC_S_SESSION, local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true,
                          0, false);
    });
}

void define_settings()
{
    DefineCustomBoolVariable("pg_tviews.intercept", "Makes CREATE TABLE tv_<entity> AS SELECT create a TVIEW.",
                             "Off: such a statement creates an ordinary table; pg_tviews_create() works either way.",
                             &values.intercept, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_tviews.max_seed_memory",
                            "Memory for the changed rows of one relation, and for the rows one step of a walk finds, per TVIEW.",
                            "Past it, the flush compares the whole TVIEW instead of single documents.",
                            &values.max_seed_memory, 65536, 64, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("pg_tviews.max_flush_rounds",
                            "Rounds a commit may take while triggers on TVIEWs write base tables again.",
                            "A cycle of triggers would never come to an end; past this the transaction fails.",
                            &values.max_flush_rounds, 100, 1, 1000000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("pg_tviews.lock_mode", "Locks a flush takes: fine, whole (one per TVIEW) or none.",
                             "With none, concurrent writers leave wrong documents behind; it is for tests that must see them.",
                             &lock_mode, lock_mode, lock_modes, PGC_SUSET, GUC_NOT_IN_SAMPLE, nullptr,
                             [](int value, void *) { values.lock_mode = static_cast<LockMode>(value); }, nullptr);
    DefineCustomBoolVariable("pg_tviews.patch", "Sets columns that are only copied into a document without building it again.",
                             "Off: every document whose rows changed is built again. The result is the same.", &values.patch, true,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_tviews.max_fine_locks",
                            "Locks on single documents, and on single join values of a step, that a transaction takes per TVIEW.",
                            "Past it, a flush locks all documents of the TVIEW, or the whole step, at once.",
                            &values.max_fine_locks, 200, 0, 1000000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_tviews.worker_idle_time", "Time after which the worker that applies deferred TVIEWs leaves, if nothing is queued.",
                            "While it is there, DROP DATABASE needs WITH (FORCE).", &values.worker_idle_time, 60, 1, 86400, PGC_SIGHUP,
                            GUC_UNIT_S, nullptr, nullptr, nullptr);
    define_monitoring_settings();
    DefineCustomStringVariable("pg_tviews.suspended", "TVIEWs that this session's writes leave alone, as a list of their tables' OIDs.",
                               "Set by pg_tviews_suspend() with scope session or transaction; such writes mark the TVIEW as stale.",
                               &suspended, "", PGC_SUSET, GUC_NOT_IN_SAMPLE, check_suspended, nullptr, nullptr);
    MarkGUCPrefixReserved("pg_tviews");
}

PinnedSettings current_pinned_settings()
{
    PinnedSettings pinned;
    for (const char *name : pinned_names)
        pinned.emplace_back(name, pg::call([&] { return GetConfigOption(name, false, false); }));
    return pinned;
}

namespace {

// C-side: the name of the library a function written in C comes from, loaded now so that its settings are known; null for other functions.
const char *library_of(Oid function)
{
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        return nullptr;
    bool none = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang != ClanguageId;
    Datum file = none ? Datum(0) : SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &none);
    char *path = none ? nullptr : TextDatumGetCString(file);
    ReleaseSysCache(tuple);
    if (path == nullptr)
        return nullptr;
    FmgrInfo loaded;
    fmgr_info(function, &loaded);
    const char *slash = std::strrchr(path, '/');
    std::size_t length = std::strlen(path);
    if (length > 3 && std::strcmp(path + length - 3, ".so") == 0)
        path[length - 3] = '\0';
    return slash != nullptr ? slash + 1 : path;
}

struct Setting {
    const char *name, *value, *context;
};

Setting setting(int number)
{
    return pg::call([&] {
        const char *columns[20];
        bool hidden;
        GetConfigOptionByNum(number, columns, &hidden);
        return Setting{columns[0], columns[1], columns[6]};
    });
}

}  // namespace

PinnedSettings current_settings_of_libraries(const std::set<Oid> &functions)
{
    std::set<std::string> prefixes;
    for (Oid function : functions)
        if (const char *library = pg::call(library_of, function))
            prefixes.insert(std::string(library) + ".");
    PinnedSettings found;
    for (int number = 0; !prefixes.empty() && number < GetNumConfigOptions(); ++number) {
        Setting one = setting(number);
        std::string name = one.name, context = one.context;
        if (prefixes.count(name.substr(0, name.find('.') + 1)) != 0 && (context == "user" || context == "superuser"))
            found.emplace_back(name, one.value);
    }
    return found;
}

}  // namespace tviews::catalog
