// Shared memory of the statistics: asked for while the server starts, if the library is in shared_preload_libraries.
#pragma once

#include <utility>

#include "pg/guard.hpp"

namespace tviews::stats {

// Installs the hooks that make shared memory, or begins this session's own statistics if the library is not being preloaded; called
// once, from _PG_init.
void start();

// Holds the one lock of the statistics' table for a scope.  Code under it cannot raise.
class TableLock {
public:
    explicit TableLock(LWLockMode mode);
    ~TableLock();
    void change(LWLockMode mode);
    TableLock(const TableLock &) = delete;
    TableLock &operator=(const TableLock &) = delete;
};

}  // namespace tviews::stats
