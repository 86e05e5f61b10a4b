// Linking, guarding and archiving the audit log; see audit_chain.hpp.
#include "catalog/audit_chain.hpp"

#include <exception>
#include <fmt/core.h>
#include <optional>
#include <utility>

#include "catalog/audit.hpp"
#include "catalog/meta.hpp"
#include "pg/entry.hpp"
#include "pg/result_set.hpp"
#include "pg/spi.hpp"

namespace tviews::catalog {

namespace {

// Field 4 of the lock tag; refresh/locks.cpp has the other numbers.
constexpr uint16 chain_space = 0x7479;

bool rows_to_link = false;
// Whether the extension itself is changing rows, which the guard lets nobody else do.
bool changing = false;

class ChangingScope {
public:
    ChangingScope() { changing = true; }
    ~ChangingScope() { changing = false; }
    ChangingScope(const ChangingScope &) = delete;
    ChangingScope &operator=(const ChangingScope &) = delete;
};

// The transaction may have been made read-only since it added rows.  After an error the abort resets it.
class WritingScope {
public:
    WritingScope() : exceptions_(std::uncaught_exceptions()), read_only_(std::exchange(XactReadOnly, false)) {}
    ~WritingScope()
    {
        if (std::uncaught_exceptions() == exceptions_)
            XactReadOnly = read_only_;
    }
    WritingScope(const WritingScope &) = delete;
    WritingScope &operator=(const WritingScope &) = delete;

private:
    int exceptions_;
    bool read_only_;
};

// What is committed now, whatever snapshot the transaction has.
class LatestSnapshot {
public:
    LatestSnapshot() : exceptions_(std::uncaught_exceptions())
    {
        pg::call([] {
            CommandCounterIncrement();
            PushActiveSnapshot(GetLatestSnapshot());
        });
    }
    ~LatestSnapshot()
    {
        if (std::uncaught_exceptions() == exceptions_)
            PopActiveSnapshot();
    }
    LatestSnapshot(const LatestSnapshot &) = delete;
    LatestSnapshot &operator=(const LatestSnapshot &) = delete;

private:
    int exceptions_;
};

std::string log_table()
{
    return *extension_schema() + ".pg_tview_audit_log";
}

void lock_chain()
{
    Oid schema = extension_schema_oid();
    pg::call([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, get_relname_relid("pg_tview_audit_log", schema), 0, chain_space);
        LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

// A row of this transaction that is not linked yet, and what it comes after.
struct Unlinked {
    std::string log_id;
    std::string link;
    std::optional<std::string> previous;      // hash as hex; none for the first row of all
};

std::optional<Unlinked> next_unlinked(const std::string &log)
{
    std::optional<Unlinked> found;
    // After everything has been archived the chain goes on from what the ARCHIVE row remembers.
    std::string sql = fmt::format(
        "SELECT next.log_id, coalesce(tail.link, archived.link, 0) OPERATOR(pg_catalog.+) 1, "
        "pg_catalog.encode(coalesce(tail.hash, archived.hash), 'hex') "
        "FROM (SELECT log_id FROM {0} WHERE link IS NULL AND {1}.pg_tviews_audit_is_own(xmin) ORDER BY log_id LIMIT 1) AS next "
        "LEFT JOIN (SELECT link, hash FROM {0} WHERE link IS NOT NULL ORDER BY link DESC LIMIT 1) AS tail ON true "
        "LEFT JOIN (SELECT (details OPERATOR(pg_catalog.->>) 'link')::pg_catalog.int8 AS link, "
        "pg_catalog.decode(details OPERATOR(pg_catalog.->>) 'hash', 'hex') AS hash FROM {0} "
        "WHERE link IS NULL AND {1}.pg_tviews_audit_is_own(xmin) AND operation OPERATOR(pg_catalog.=) 'ARCHIVE' "
        "ORDER BY log_id DESC LIMIT 1) AS archived ON true",
        log, *extension_schema());
    pg::execute(sql, {}, {}, [&](TupleTableSlot *slot) {
        found = Unlinked{*pg::text_column(slot, 1), *pg::text_column(slot, 2), pg::text_column(slot, 3)};
    }, true);
    return found;
}

}  // namespace

void note_audit_rows() noexcept
{
    rows_to_link = true;
}

void forget_audit_rows() noexcept
{
    rows_to_link = false;
}

bool has_audit_rows() noexcept
{
    return rows_to_link;
}

void link_audit_rows()
{
    if (!rows_to_link || !OidIsValid(extension_schema_oid()))     // the extension may have been dropped since
        return;
    WritingScope writing;
    ChangingScope change;
    AsExtensionOwner owner;
    pg::SpiSession session;
    lock_chain();
    std::string log = log_table();
    pg::Statement update(fmt::format("UPDATE {} AS l SET link = $2, hash = {}.pg_tviews_audit_hash(l, $2, "
                                     "pg_catalog.decode($3, 'hex')) WHERE log_id OPERATOR(pg_catalog.=) $1", log, *extension_schema()),
                         {INT8OID, INT8OID, TEXTOID});
    for (;;) {
        LatestSnapshot snapshot;
        auto row = next_unlinked(log);
        if (!row)
            break;
        Datum previous = row->previous ? pg::call([&] { return CStringGetTextDatum(row->previous->c_str()); }) : Datum(0);
        update.write({{Int64GetDatum(std::stoll(row->log_id)), Int64GetDatum(std::stoll(row->link)), previous},
                      {' ', ' ', row->previous ? ' ' : 'n'}}, GetActiveSnapshot(), InvalidSnapshot);
    }
    rows_to_link = false;
}

namespace {

struct Last {
    std::string link;
    std::string hash;
};

// Of the rows to archive: the longest beginning of the chain that is older.
std::optional<Last> last_before(const std::string &log, Datum before)
{
    std::optional<Last> last;
    pg::execute(fmt::format("SELECT link, pg_catalog.encode(hash, 'hex') FROM {0} WHERE link OPERATOR(pg_catalog.<) coalesce("
                            "(SELECT pg_catalog.min(link) FROM {0} WHERE link IS NOT NULL AND performed_at "
                            "OPERATOR(pg_catalog.>=) $1), 9223372036854775807) ORDER BY link DESC LIMIT 1", log),
                {TIMESTAMPTZOID}, {{before}, {}},
                [&](TupleTableSlot *slot) { last = Last{*pg::text_column(slot, 1), *pg::text_column(slot, 2)}; });
    return last;
}

void archive(Datum before, const pg::RowCallback &on_row)
{
    pg::SpiSession session;
    lock_chain();
    std::string log = log_table();
    auto last = last_before(log, before);
    std::uint64_t rows = 0;
    {
        AsExtensionOwner owner;
        ChangingScope change;
        pg::execute(fmt::format("DELETE FROM {0} WHERE link OPERATOR(pg_catalog.<=) $1 OR (performed_at OPERATOR(pg_catalog.<) $2 "
                                "AND link IS NULL AND NOT {1}.pg_tviews_audit_is_own(xmin)) RETURNING *", log, *extension_schema()),
                    {INT8OID, TIMESTAMPTZOID}, {{Int64GetDatum(last ? std::stoll(last->link) : 0), before}, {}},
                    [&](TupleTableSlot *slot) {
                        ++rows;
                        on_row(slot);
                    });
    }
    if (rows == 0)
        return;
    Details details;
    details.add("rows", rows);
    if (last)
        details.add("link", last->link).add("hash", last->hash);
    audit("ARCHIVE", "*", details);
}

}  // namespace

}  // namespace tviews::catalog

// Trigger on the log: lets the extension link and archive rows and refuses every other change.
TVIEWS_FUNCTION(pg_tviews_audit_guard)
{
    using namespace tviews;
    if (!CALLED_AS_TRIGGER(fcinfo))
        pg::raise({ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "pg_tviews_audit_guard() must be called as a trigger"});
    auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    TriggerEvent event = trigger->tg_event;
    if (!catalog::changing)
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, "the audit log of pg_tviews is append-only",
                   std::string(TRIGGER_FIRED_BY_UPDATE(event) ? "UPDATE" : TRIGGER_FIRED_BY_DELETE(event) ? "DELETE" : "TRUNCATE") +
                       " on pg_tview_audit_log is not allowed for anyone.",
                   "pg_tviews_audit_archive() takes old rows out of it."});
    if (!TRIGGER_FIRED_FOR_ROW(event))
        return PointerGetDatum(nullptr);
    return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(event) ? trigger->tg_newtuple : trigger->tg_trigtuple);
}

TVIEWS_FUNCTION(pg_tviews_audit_archive)
{
    using namespace tviews;
    pg::ResultSet result(fcinfo);
    catalog::archive(PG_GETARG_DATUM(0), [&](TupleTableSlot *slot) {
        pg::call([&] { slot_getallattrs(slot); });
        result.add(slot->tts_values, slot->tts_isnull);
    });
    return Datum(0);
}

// Whether a row with this xmin was made by the running transaction.
TVIEWS_FUNCTION(pg_tviews_audit_is_own)
{
    return BoolGetDatum(TransactionIdIsCurrentTransactionId(DatumGetTransactionId(PG_GETARG_DATUM(0))));
}
