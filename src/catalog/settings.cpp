// The extension's settings; see settings.hpp.
#include "catalog/settings.hpp"

#include "pg/guard.hpp"

namespace tviews::catalog {

namespace {

Settings values;

int lock_mode = static_cast<int>(LockMode::fine);

const config_enum_entry lock_modes[] = {{"fine", static_cast<int>(LockMode::fine), false},
                                        {"whole", static_cast<int>(LockMode::whole), false},
                                        {"none", static_cast<int>(LockMode::none), false},
                                        {nullptr, 0, false}};

// What output functions, casts and name lookup inside functions read.  row_security is always off in a rebuild.
constexpr const char *pinned_names[] = {"search_path",  "TimeZone",    "DateStyle", "IntervalStyle", "extra_float_digits",
                                        "bytea_output", "lc_monetary", "lc_numeric", "lc_time",      "xmlbinary",
                                        "xmloption",    "default_text_search_config"};

}  // namespace

const Settings &settings()
{
    return values;
}

std::size_t seed_memory()
{
    return static_cast<std::size_t>(values.max_seed_memory) * 1024;
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
    MarkGUCPrefixReserved("pg_tviews");
}

PinnedSettings current_pinned_settings()
{
    PinnedSettings pinned;
    for (const char *name : pinned_names)
        pinned.emplace_back(name, pg::call([&] { return GetConfigOption(name, false, false); }));
    return pinned;
}

}  // namespace tviews::catalog
