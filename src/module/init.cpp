// The library's entry: magic block, _PG_init, version.  Needs no shared_preload_libraries; it is loaded by the first call of one
// of its functions, which for a writing session is the capture trigger.
#include "catalog/compiled.hpp"
#include "catalog/settings.hpp"
#include "catalog/state.hpp"
#include "pg/entry.hpp"
#include "queue/flush_points.hpp"
#include "stats/flushes.hpp"
#include "stats/memory.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void)
{
    tviews::pg::entry([] {
        tviews::catalog::define_settings();
        tviews::catalog::watch_invalidations();
        tviews::catalog::watch_states();
        tviews::queue::install_flush_points();
        tviews::stats::start();
        tviews::stats::watch_transactions();
    });
}

TVIEWS_FUNCTION(pg_tviews_version)
{
    return tviews::pg::call([] { return PointerGetDatum(cstring_to_text(PG_TVIEWS_VERSION)); });
}
