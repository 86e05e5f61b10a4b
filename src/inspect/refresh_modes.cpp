// Refresh modes on request: pg_tviews_set_refresh_mode(), pg_tviews_apply().
//
// A mode changes while nobody writes the base tables: who has written under the old one has ended and flushed, or enqueued.
// Not here: what the modes mean (catalog/refresh_mode.hpp), why an apply is exact (refresh/deferred.hpp).
#include "catalog/audit.hpp"
#include "catalog/meta.hpp"
#include "catalog/state.hpp"
#include "inspect/named.hpp"
#include "pg/entry.hpp"
#include "pg/spi.hpp"
#include "pg/text.hpp"
#include "queue/flush_points.hpp"
#include "queue/seeds.hpp"
#include "queue/worker.hpp"
#include "refresh/deferred.hpp"
#include "refresh/locks.hpp"

namespace tviews::inspect {

namespace {

std::shared_ptr<catalog::Compiled> tview_of(Oid table)
{
    const char *name = pg::call(get_rel_name, table);
    if (name == nullptr)
        pg::raise({ERRCODE_UNDEFINED_TABLE, "relation with OID " + std::to_string(table) + " does not exist"});
    if (!catalog::is_tview(table))
        pg::raise({ERRCODE_WRONG_OBJECT_TYPE, std::string("\"") + name + "\" is not a TVIEW", "",
                   "pg_tviews_registry lists the TVIEWs of this database."});
    return catalog::compiled(table);
}

void audit(const catalog::Compiled &tview, catalog::RefreshMode before, catalog::RefreshMode after)
{
    catalog::Details details;
    catalog::audit("ALTER", tview.tview.entity,
                   details.add("table", tview.name()).add("refresh_mode", std::string(name_of(after)))
                       .add("refresh_mode_before", std::string(name_of(before))));
}

void set_refresh_mode(Oid table, catalog::RefreshMode mode)
{
    check_owner(*tview_of(table), "change the refresh mode of");
    queue::flush_now();
    const std::vector<Oid> dependencies = tview_of(table)->tview.dependencies;
    refresh::lock_families({dependencies.begin(), dependencies.end()});
    auto tview = tview_of(table);     // as it is now that nobody writes
    catalog::RefreshMode before = tview->tview.mode;
    if (mode == before)
        return;
    {
        pg::SpiSession session;
        catalog::update_refresh_mode(table, mode);
        audit(*tview, before, mode);
    }
    pg::call(CommandCounterIncrement);
    catalog::invalidate(tview->tview.dependencies);
    catalog::invalidate({table});
    pg::call(CommandCounterIncrement);
    if (!is_queued(before))
        return;
    if (is_queued(mode)) {
        refresh::note_enqueued(mode);
        return;
    }
    queue::Queue::current().unqueue(table);
    refresh::apply(table, false);
    queue::flush_now();
}

std::uint64_t apply(const catalog::Compiled &tview)
{
    check_owner(tview, "apply the queue of");
    queue::flush_now();
    return refresh::apply(tview.tview.table, false).total();
}

std::uint64_t apply_all()
{
    std::uint64_t written = 0;
    for (const auto &tview : all_tviews())
        if (is_queued(tview->tview.mode) && !catalog::is_suspended(tview->tview.table))
            written += apply(*tview);
    return written;
}

}  // namespace

}  // namespace tviews::inspect

TVIEWS_FUNCTION(pg_tviews_set_refresh_mode)
{
    using namespace tviews;
    std::string name = pg::call([&]() -> const char * { return text_to_cstring(PG_GETARG_TEXT_PP(1)); });
    inspect::set_refresh_mode(PG_GETARG_OID(0), catalog::refresh_mode(name));
    return Datum(0);
}

TVIEWS_FUNCTION(pg_tviews_apply)
{
    using namespace tviews;
    std::uint64_t written = PG_ARGISNULL(0) ? inspect::apply_all() : inspect::apply(*inspect::tview_of(PG_GETARG_OID(0)));
    return Int64GetDatum(static_cast<int64>(written));
}
