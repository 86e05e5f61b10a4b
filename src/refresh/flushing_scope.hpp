// While it lives the flush's own statements do not flush, and may write though the transaction has been made read-only since its
// writes.  After an error the abort resets both.
#pragma once

#include <exception>
#include <utility>

#include "queue/seeds.hpp"

namespace tviews::refresh {

class FlushingScope {
public:
    FlushingScope() : exceptions_(std::uncaught_exceptions()), read_only_(std::exchange(XactReadOnly, false))
    {
        queue::Queue::current().flushing = GetCurrentTransactionNestLevel();
    }
    ~FlushingScope()
    {
        if (std::uncaught_exceptions() != exceptions_)
            return;
        queue::Queue::current().flushing = 0;
        XactReadOnly = read_only_;
    }
    FlushingScope(const FlushingScope &) = delete;
    FlushingScope &operator=(const FlushingScope &) = delete;

private:
    int exceptions_;
    bool read_only_;
};

}  // namespace tviews::refresh
