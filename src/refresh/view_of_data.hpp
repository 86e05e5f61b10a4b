// Snapshots of a flush: which committed rows its statements see.
//
// At commit every statement sees the latest committed state plus our own writes, at every isolation level, because it must
// see whoever flushed the same documents before.  A flush that a read caused at REPEATABLE READ or above stays on the
// transaction's snapshot, or the transaction could see one document twice; its seeds are flushed again at commit.
#pragma once

#include "pg/guard.hpp"

namespace tviews::refresh {

enum class Moment { commit, read };

// Pushes the snapshot for the next statement, whose plan is to know no older catalogs: DDL may have committed while we waited for
// locks.  While unwinding, the abort pops it.
class SnapshotScope {
public:
    explicit SnapshotScope(Moment moment);
    ~SnapshotScope();
    SnapshotScope(const SnapshotScope &) = delete;
    SnapshotScope &operator=(const SnapshotScope &) = delete;

private:
    int exceptions_;
};

// What rows written must also be visible to; InvalidSnapshot for no such check.
Snapshot crosscheck(Moment moment);

}  // namespace tviews::refresh
