// The guard's error half: copying a PostgreSQL error out, and raising one from C++.
#include "pg/guard.hpp"

#include <new>

namespace tviews::pg {

// Copying allocates, so it can fail itself: one guarded attempt, then null.  A function of its own, because a local
// assigned after sigsetjmp could not be trusted after the jump.
ErrorData *JumpTarget::copy_error()
{
    sigjmp_buf jump;
    if (sigsetjmp(jump, 0) != 0)
        return nullptr;
    arm(&jump);
    return CopyErrorData();
}

void JumpTarget::raise()
{
    // First of all: the context callbacks between guard and raise lived in frames that are gone.
    disarm();
    MemoryContextSwitchTo(memory_);
    ErrorData *copy = copy_error();
    disarm();
    MemoryContextSwitchTo(memory_);
    FlushErrorState();
    if (copy == nullptr)
        throw std::bad_alloc();
    throw Error(copy);
}

namespace {

void ereport_at(int level, const Report &report)
{
    call([&] {
        ereport(level, (errcode(report.sqlstate), errmsg_internal("%s", report.message.c_str()),
                        report.detail.empty() ? 0 : errdetail_internal("%s", report.detail.c_str()),
                        report.hint.empty() ? 0 : errhint("%s", report.hint.c_str())));
    });
}

}  // namespace

void raise(const Report &report)
{
    ereport_at(ERROR, report);
    throw std::bad_exception();  // not reached: ereport(ERROR) does not return
}

void emit(int level, const Report &report)
{
    ereport_at(level, report);
}

}  // namespace tviews::pg
