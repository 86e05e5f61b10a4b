// pg_tview_verified: what verifications have found, for the health check and the metrics.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::catalog {

struct Verified {
    Oid tview;
    std::uint64_t differences;
};

// Leaves traces, in place of older ones unless those found differences in a larger sample.  Only where that can neither fail nor
// make anyone wait: not in a read-only transaction, and not above READ COMMITTED, where others may have replaced traces since the
// snapshot.
void note_verified(const std::vector<Verified> &results, double sample);

// The TVIEW has just been compared in full and repaired.
inline void note_repaired(Oid tview)
{
    note_verified({{tview, 0}}, 1);
}

// What the traces of a TVIEW say together.
struct LastVerification {
    TimestampTz at;               // of the latest, or when the TVIEW was made
    std::uint64_t differences;    // found and not known to be repaired
};

// By TVIEW; every TVIEW has one.
std::map<Oid, LastVerification> last_verifications();

}  // namespace tviews::catalog
