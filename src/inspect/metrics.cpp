// pg_tviews_metrics(): the statistics in the OpenMetrics text format, for a scraper that asks by SQL.
//
// Families begin with pg_tviews_; those of a TVIEW have the labels datname, schema and tview, those of its queue refresh_mode, too.
// Times are in seconds.  Not here: what the figures are (stats/), nor the same as tables (statistics.cpp).
#include <functional>
#include <fmt/core.h>
#include <map>
#include <vector>

#include "catalog/meta.hpp"
#include "catalog/queued.hpp"
#include "catalog/state.hpp"
#include "catalog/verified.hpp"
#include "pg/entry.hpp"
#include "stats/sessions.hpp"
#include "stats/store.hpp"

namespace tviews::inspect {

namespace {

// A label's value as the format wants it.
std::string escaped(const std::string &text)
{
    std::string result;
    for (char c : text) {
        if (c == '\n')
            result += "\\n";
        else if (c == '\\' || c == '"')
            result += std::string("\\") + c;
        else
            result += c;
    }
    return result;
}

std::string label(const std::string &name, const std::string &value)
{
    return fmt::format("{}=\"{}\"", name, escaped(value));
}

double seconds(std::uint64_t microseconds)
{
    return static_cast<double>(microseconds) / 1e6;
}

double unix_time(TimestampTz time)
{
    return static_cast<double>(time) / 1e6 + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * static_cast<double>(SECS_PER_DAY);
}

class Exposition {
public:
    // Begins a family; `unit` is the end of its name, or empty.
    void family(const std::string &name, const char *type, const std::string &unit, const char *help)
    {
        name_ = "pg_tviews_" + name;
        text_ += fmt::format("# TYPE {} {}\n", name_, type);
        if (!unit.empty())
            text_ += fmt::format("# UNIT {} {}\n", name_, unit);
        text_ += fmt::format("# HELP {} {}\n", name_, help);
    }
    void counter(const std::string &labels, std::uint64_t value) { sample("_total", labels, std::to_string(value)); }
    void counter(const std::string &labels, double value) { sample("_total", labels, fmt::format("{}", value)); }
    void gauge(const std::string &labels, std::uint64_t value) { sample("", labels, std::to_string(value)); }
    void gauge(const std::string &labels, double value) { sample("", labels, fmt::format("{}", value)); }
    void histogram(const std::string &labels, const stats::Histogram &times, std::uint64_t sum)
    {
        constexpr int first = 6, last = 26;       // powers of two µs: 64 µs to 67 s
        for (int power = first; power <= last; power += 2) {
            std::uint64_t bound = std::uint64_t{1} << power;
            sample("_bucket", labels + "," + label("le", fmt::format("{}", seconds(bound))), std::to_string(times.below(bound)));
        }
        std::string total = std::to_string(times.total());
        sample("_bucket", labels + "," + label("le", "+Inf"), total);
        sample("_count", labels, total);
        sample("_sum", labels, fmt::format("{}", seconds(sum)));
    }
    std::string finish() { return text_ + "# EOF\n"; }

private:
    void sample(const char *suffix, const std::string &labels, const std::string &value)
    {
        text_ += name_ + suffix;
        if (!labels.empty())
            text_ += "{" + labels + "}";
        text_ += " " + value + "\n";
    }

    std::string name_, text_;
};

struct Tview {
    std::string labels;
    std::string queue_labels;
    stats::Found found;
    stats::Counters counters;
    std::uint64_t rows;
    std::uint64_t bytes;
    bool active;
    std::uint64_t wrong;
    TimestampTz verified;
    std::uint64_t queued;
    double oldest_queued;         // seconds
};

std::uint64_t table_bytes(Oid table)
{
    return pg::call([&]() -> std::uint64_t {
        FmgrInfo function;
        fmgr_info(F_PG_TOTAL_RELATION_SIZE, &function);
        LOCAL_FCINFO(arguments, 1);
        InitFunctionCallInfoData(*arguments, &function, 1, InvalidOid, nullptr, nullptr);
        arguments->args[0] = NullableDatum{ObjectIdGetDatum(table), false};
        Datum bytes = FunctionCallInvoke(arguments);
        return arguments->isnull ? 0 : static_cast<std::uint64_t>(DatumGetInt64(bytes));
    });
}

// As of the last VACUUM or ANALYZE; 0 before.
std::uint64_t table_rows(Oid table)
{
    return pg::call([&]() -> std::uint64_t {
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
        if (!HeapTupleIsValid(tuple))
            return 0;
        float4 rows = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->reltuples;
        ReleaseSysCache(tuple);
        return rows > 0 ? static_cast<std::uint64_t>(rows) : 0;
    });
}

struct Backlog {
    std::uint64_t entries = 0;
    double oldest = 0;            // seconds
};

std::map<Oid, Backlog> backlogs()
{
    std::map<Oid, Backlog> all;
    if (!OidIsValid(catalog::queue_table()))
        return all;
    pg::SpiSession session;
    pg::execute(fmt::format("SELECT tview::pg_catalog.regclass::pg_catalog.oid, entries, extract(epoch FROM pg_catalog.clock_timestamp() "
                            "OPERATOR(pg_catalog.-) oldest)::pg_catalog.float8 FROM {}.pg_tviews_queue WHERE oldest IS NOT NULL",
                            *catalog::extension_schema()),
                {}, {}, [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    all[DatumGetObjectId(slot->tts_values[0])] = {static_cast<std::uint64_t>(DatumGetInt64(slot->tts_values[1])),
                                                                  DatumGetFloat8(slot->tts_values[2])};
                });
    return all;
}

std::vector<Tview> collect(const std::string &database)
{
    std::vector<Tview> tviews;
    std::map<Oid, catalog::LastVerification> verifications = catalog::last_verifications();
    std::map<Oid, Backlog> queued = backlogs();
    for (const catalog::Tview &tview : catalog::all_tviews()) {
        const catalog::LastVerification &last = verifications[tview.table];
        std::string labels = label("datname", database) + "," + label("schema", tview.schema) + "," + label("tview", "tv_" + tview.entity);
        Tview one{labels, labels + "," + label("refresh_mode", name_of(tview.mode)), {}, {}, table_rows(tview.table), table_bytes(tview.table), !catalog::visible_marks_of(tview.table).any(),
                  last.differences, last.at,
                  queued[tview.table].entries, queued[tview.table].oldest};
        one.found = stats::read(tview.table, one.counters);
        tviews.push_back(std::move(one));
    }
    return tviews;
}

struct CounterFamily {
    const char *name;
    const char *help;
    std::uint64_t stats::Counters::*field;
};

constexpr CounterFamily counts[] = {
    {"refreshes", "Flushes of the TVIEW.", &stats::Counters::refreshes},
    {"errors", "Flushes that raised an error.", &stats::Counters::errors},
    {"everything_refreshes", "Flushes that compared the whole TVIEW.", &stats::Counters::everything},
    {"seeds", "Changed rows that flushes carried.", &stats::Counters::seeds},
    {"pruned_writes", "Changed rows that concerned no document.", &stats::Counters::pruned},
    {"lock_waits", "Locks that flushes waited for.", &stats::Counters::lock_waits},
};
constexpr CounterFamily times[] = {
    {"lock_wait_seconds", "Time flushes waited for locks.", &stats::Counters::lock_wait_time},
    {"write_seconds", "Time of the statements whose changes flushes carried.", &stats::Counters::write_time},
};

void add_tviews(Exposition &text, const std::vector<Tview> &tviews)
{
    auto each = [&](const std::function<void(const Tview &)> &add) {
        for (const Tview &tview : tviews)
            if (tview.found != stats::Found::untracked)
                add(tview);
    };
    for (const CounterFamily &family : counts) {
        text.family(family.name, "counter", "", family.help);
        each([&](const Tview &tview) { text.counter(tview.labels, tview.counters.*family.field); });
    }
    for (const CounterFamily &family : times) {
        text.family(family.name, "counter", "seconds", family.help);
        each([&](const Tview &tview) { text.counter(tview.labels, seconds(tview.counters.*family.field)); });
    }
    text.family("documents", "counter", "", "Documents that flushes built and compared, by what became of them.");
    each([&](const Tview &tview) {
        const stats::Counters &c = tview.counters;
        for (auto [result, count] : {std::pair("inserted", c.inserted), std::pair("updated", c.updated),
                                     std::pair("deleted", c.deleted), std::pair("unchanged", c.unchanged)})
            text.counter(tview.labels + "," + label("result", result), count);
    });
    text.family("flush_seconds", "histogram", "seconds", "Duration of flushes of the TVIEW.");
    each([&](const Tview &tview) { text.histogram(tview.labels, tview.counters.times, tview.counters.time); });
    for (auto [name, fraction] : {std::pair("p50", 0.5), std::pair("p95", 0.95), std::pair("p99", 0.99), std::pair("max", 1.0)}) {
        text.family(fmt::format("flush_{}_seconds", name), "gauge", "seconds",
                    fraction == 1 ? "The longest flush." : "Duration this fraction of flushes did not exceed.");
        each([&](const Tview &tview) {
            const stats::Counters &c = tview.counters;
            auto longest = static_cast<double>(c.longest);
            if (c.times.total() != 0)
                text.gauge(tview.labels, (fraction == 1 ? longest : std::min(longest, c.times.quantile(fraction))) / 1e6);
        });
    }
    text.family("last_refresh_timestamp_seconds", "gauge", "seconds", "End of the last flush.");
    each([&](const Tview &tview) {
        if (tview.counters.last_refresh != 0)
            text.gauge(tview.labels, unix_time(tview.counters.last_refresh));
    });
    text.family("active", "gauge", "", "1 while the TVIEW is maintained; 0 if it is suspended, stale or not yet complete.");
    for (const Tview &tview : tviews)
        text.gauge(tview.labels, std::uint64_t{tview.active});
    text.family("queued_entries", "gauge", "", "Keys of documents in pg_tview_queue, if it is deferred or manual.");
    for (const Tview &tview : tviews)
        text.gauge(tview.queue_labels, tview.queued);
    text.family("queued_oldest_seconds", "gauge", "seconds", "Age of the oldest of them.");
    for (const Tview &tview : tviews)
        text.gauge(tview.queue_labels, tview.oldest_queued);
    text.family("rows", "gauge", "", "Documents of the TVIEW, as of its last VACUUM or ANALYZE.");
    for (const Tview &tview : tviews)
        text.gauge(tview.labels, tview.rows);
    text.family("size_bytes", "gauge", "bytes", "Size of the TVIEW with its indexes.");
    for (const Tview &tview : tviews)
        text.gauge(tview.labels, tview.bytes);
    text.family("wrong_documents", "gauge", "", "Documents that the last verification found to differ and nothing has repaired.");
    for (const Tview &tview : tviews)
        text.gauge(tview.labels, tview.wrong);
    text.family("verified_timestamp_seconds", "gauge", "seconds", "End of the last comparison with the query; creation is the first.");
    for (const Tview &tview : tviews)
        text.gauge(tview.labels, unix_time(tview.verified));
}

void add_sessions(Exposition &text, const std::string &database)
{
    std::uint64_t pending = 0, rows = 0, running = 0;
    TimestampTz now = GetCurrentTimestamp(), oldest = now;
    for (const stats::Session &session : stats::sessions()) {
        running += session.running.is_any();
        if (session.pending.tviews == 0)
            continue;
        ++pending;
        rows += session.pending.rows;
        oldest = std::min(oldest, session.pending.first);
    }
    std::string labels = label("datname", database);
    text.family("pending_sessions", "gauge", "", "Sessions with changes they have not flushed.");
    text.gauge(labels, pending);
    text.family("pending_rows", "gauge", "", "Changed rows these sessions keep.");
    text.gauge(labels, rows);
    text.family("oldest_pending_seconds", "gauge", "seconds", "Age of the oldest change not flushed.");
    text.gauge(labels, static_cast<double>(now - oldest) / 1e6);
    text.family("running_commands", "gauge", "", "Commands in pg_tviews_progress.");
    text.gauge(labels, running);
}

void add_caches(Exposition &text)
{
    catalog::CacheUsage usage = stats::all_caches().usage;
    auto each = [&](auto add) {
        add(label("cache", "tviews"), usage.tviews);
        add(label("cache", "captures"), usage.captures);
        add(label("cache", "plans"), usage.plans);
    };
    text.family("cache_entries", "gauge", "", "Entries in the caches of all sessions.");
    each([&](const std::string &labels, const catalog::CacheCounts &c) { text.gauge(labels, c.entries); });
    text.family("cache_bytes", "gauge", "bytes", "Memory of the caches of all sessions.");
    each([&](const std::string &labels, const catalog::CacheCounts &c) { text.gauge(labels, c.bytes); });
    text.family("cache_hits", "counter", "", "Uses of a cache entry.");
    each([&](const std::string &labels, const catalog::CacheCounts &c) { text.counter(labels, c.hits); });
    text.family("cache_misses", "counter", "", "Cache entries that had to be made.");
    each([&](const std::string &labels, const catalog::CacheCounts &c) { text.counter(labels, c.misses); });
    text.family("cache_invalidations", "counter", "", "Cache entries given up.");
    each([&](const std::string &labels, const catalog::CacheCounts &c) { text.counter(labels, c.invalidations); });
}

std::string metrics()
{
    std::string database = pg::call([]() -> const char * { return get_database_name(MyDatabaseId); });
    std::vector<Tview> tviews = collect(database);
    stats::StoreInfo info = stats::store_info();
    Exposition text;
    text.family("registry_tviews", "gauge", "", "TVIEWs of the database.");
    text.gauge(label("datname", database), std::uint64_t{tviews.size()});
    text.family("statistics_shared", "gauge", "", "1 if statistics are those of all sessions, 0 if of this session alone.");
    text.gauge("", std::uint64_t{stats::is_shared()});
    text.family("statistics_tracked", "gauge", "", "TVIEWs with statistics, over all databases.");
    text.gauge("", info.tracked);
    text.family("untracked_flushes", "counter", "", "Flushes of TVIEWs that found no place in the statistics.");
    text.counter("", info.untracked);
    add_tviews(text, tviews);
    add_sessions(text, database);
    add_caches(text);
    return text.finish();
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_metrics)
{
    std::string text = tviews::inspect::metrics();
    return tviews::pg::call([&] { return CStringGetTextDatum(text.c_str()); });
}
