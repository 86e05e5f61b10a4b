// An internal subtransaction: what lets C++ code go on after a PostgreSQL error.
//
// Begin it before the calls that may fail; then release() after success, or roll_back() outside of the catch block.  Resources
// opened inside must be closed inside, or made before it begins.
#pragma once

#include "pg/guard.hpp"

namespace tviews::pg {

class Subtransaction {
public:
    Subtransaction() : memory_(CurrentMemoryContext), owner_(CurrentResourceOwner)
    {
        call([&] {
            BeginInternalSubTransaction(nullptr);
            MemoryContextSwitchTo(memory_);
        });
    }
    Subtransaction(const Subtransaction &) = delete;
    Subtransaction &operator=(const Subtransaction &) = delete;

    void release()
    {
        call([] { ReleaseCurrentSubTransaction(); });
        restore();
    }
    void roll_back()
    {
        call([] { RollbackAndReleaseCurrentSubTransaction(); });
        restore();
    }

private:
    void restore() noexcept
    {
        CurrentMemoryContext = memory_;
        CurrentResourceOwner = owner_;
    }

    MemoryContext memory_;
    ResourceOwner owner_;
};

}  // namespace tviews::pg
