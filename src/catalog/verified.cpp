// Access to pg_tview_verified; see verified.hpp.
#include "catalog/verified.hpp"

#include <fmt/core.h>

#include "catalog/meta.hpp"
#include "pg/spi.hpp"

namespace tviews::catalog {

namespace {

// Which of these results no trace of the last minute tells already.
std::vector<Verified> not_noted(const std::string &schema, const std::vector<Verified> &results, double sample)
{
    std::vector<Datum> tviews, differences;
    for (const Verified &result : results) {
        tviews.push_back(ObjectIdGetDatum(result.tview));
        differences.push_back(Int64GetDatum(static_cast<int64>(result.differences)));
    }
    struct Arrays {
        Datum tviews, differences;
    };
    Arrays arrays = pg::call([&] {
        int count = static_cast<int>(tviews.size());
        return Arrays{PointerGetDatum(construct_array(tviews.data(), count, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT)),
                      PointerGetDatum(construct_array(differences.data(), count, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE))};
    });
    std::vector<Verified> found;
    pg::execute(fmt::format("SELECT f.tview, f.differences FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) "
                            "AS f (tview, differences) WHERE NOT EXISTS ("
                            "SELECT FROM {}.pg_tview_verified AS v WHERE v.tview OPERATOR(pg_catalog.=) f.tview AND "
                            "v.differences OPERATOR(pg_catalog.=) f.differences AND v.sample OPERATOR(pg_catalog.=) $3 AND "
                            "v.verified_at OPERATOR(pg_catalog.>) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) "
                            "'1 minute'::pg_catalog.interval))",
                            schema),
                {REGCLASSARRAYOID, INT8ARRAYOID, FLOAT8OID}, {{arrays.tviews, arrays.differences, Float8GetDatum(sample)}, {}},
                [&](TupleTableSlot *slot) {
                    pg::call([&] { slot_getallattrs(slot); });
                    found.push_back({DatumGetObjectId(slot->tts_values[0]),
                                     static_cast<std::uint64_t>(DatumGetInt64(slot->tts_values[1]))});
                });
    return found;
}

}  // namespace

void note_verified(const std::vector<Verified> &results, double sample)
{
    if (XactReadOnly || IsolationUsesXactSnapshot() || results.empty())
        return;
    pg::SpiSession session;
    AsExtensionOwner owner;
    std::string schema = *extension_schema();
    for (const Verified &result : not_noted(schema, results, sample)) {
        pg::execute(fmt::format("DELETE FROM {0}.pg_tview_verified WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
                                "SELECT v.ctid FROM {0}.pg_tview_verified AS v WHERE (v.tview OPERATOR(pg_catalog.=) $1 AND "
                                "(v.sample OPERATOR(pg_catalog.<=) $2 OR v.differences OPERATOR(pg_catalog.=) 0)) OR NOT EXISTS ("
                                "SELECT FROM {0}.pg_tview_meta AS m WHERE m.\"table\" OPERATOR(pg_catalog.=) v.tview) "
                                "FOR UPDATE SKIP LOCKED))", schema),
                    {REGCLASSOID, FLOAT8OID}, {{ObjectIdGetDatum(result.tview), Float8GetDatum(sample)}, {}});
        pg::execute(fmt::format("INSERT INTO {}.pg_tview_verified (tview, sample, differences) VALUES ($1, $2, $3)", schema),
                    {REGCLASSOID, FLOAT8OID, INT8OID},
                    {{ObjectIdGetDatum(result.tview), Float8GetDatum(sample),
                      Int64GetDatum(static_cast<int64>(result.differences))}, {}});
    }
}

std::map<Oid, LastVerification> last_verifications()
{
    std::map<Oid, LastVerification> found;
    auto add = [&](TupleTableSlot *slot) {
        pg::call([&] { slot_getallattrs(slot); });
        found[DatumGetObjectId(slot->tts_values[0])] = {DatumGetTimestampTz(slot->tts_values[1]),
                                                        static_cast<std::uint64_t>(DatumGetInt64(slot->tts_values[2]))};
    };
    pg::SpiSession session;
    pg::execute(fmt::format("SELECT m.\"table\", GREATEST(m.created_at, pg_catalog.max(v.verified_at)), "
                            "COALESCE(pg_catalog.max(v.differences), 0) FROM {0}.pg_tview_meta AS m "
                            "LEFT JOIN {0}.pg_tview_verified AS v ON v.tview OPERATOR(pg_catalog.=) m.\"table\" "
                            "GROUP BY m.\"table\"",
                            *extension_schema()),
                {}, {}, add, true);
    return found;
}

}  // namespace tviews::catalog
