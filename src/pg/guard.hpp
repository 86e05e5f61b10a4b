// The guard: the only door through which C++ code calls PostgreSQL functions that can raise.
//
// PostgreSQL reports errors with siglongjmp, which skips destructors; C++ reports them with exceptions, which must not
// leave an extern "C" function.  `call` runs one PostgreSQL call under a jump target of its own and turns an error into
// the C++ exception `Error`; src/pg/entry.hpp turns it back at the border.  Nothing with a destructor may live between
// the guard and the raise: pass a function, or a lambda that only makes PostgreSQL calls on plain data.
//
// Not here: deciding what an error means.  A caught `Error` ends in abort: rethrow it, or roll a subtransaction back.
#pragma once

#include <csetjmp>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "pg/postgres.hpp"

namespace tviews::pg {

// A PostgreSQL error on its way through C++ frames.  The ErrorData lives in the memory context that was current when the
// guard was entered; the transaction's abort frees it.
class Error : public std::exception {
public:
    explicit Error(ErrorData *data) noexcept : data_(data) {}
    ErrorData *data() const noexcept { return data_; }
    const char *what() const noexcept override { return data_->message ? data_->message : "unknown PostgreSQL error"; }

private:
    ErrorData *data_;
};

// The server state that a jump leaves in disorder, saved by the guard and put back on every way out: a C++ exception
// may cross a guard too, from a guard nested in it, and must not leave the server a jump target in a dead frame.
class JumpTarget {
public:
    JumpTarget() noexcept : stack_(PG_exception_stack), callbacks_(error_context_stack), memory_(CurrentMemoryContext) {}
    JumpTarget(const JumpTarget &) = delete;
    JumpTarget &operator=(const JumpTarget &) = delete;
    ~JumpTarget()
    {
        disarm();
        CurrentMemoryContext = memory_;
    }
    void arm(sigjmp_buf *target) noexcept { PG_exception_stack = target; }
    // The call returned: the memory context it chose to leave current (SPI_connect does) stays.
    void succeed() noexcept { memory_ = CurrentMemoryContext; }
    // Copies the current error out of PostgreSQL's error stack and throws it as Error.
    [[noreturn]] void raise();

private:
    void disarm() noexcept
    {
        PG_exception_stack = stack_;
        error_context_stack = callbacks_;
    }
    ErrorData *copy_error();

    sigjmp_buf *stack_;
    ErrorContextCallback *callbacks_;
    MemoryContext memory_;
};

// Calls f() under the guard and returns its result.  Raises: Error for any PostgreSQL error inside.
template <class F>
    requires std::is_invocable_v<F>
auto call(F &&f) -> std::invoke_result_t<F>
{
    using Result = std::invoke_result_t<F>;
    JumpTarget target;
    sigjmp_buf jump;
    if (sigsetjmp(jump, 0) != 0)
        target.raise();
    target.arm(&jump);
    if constexpr (std::is_void_v<Result>) {
        f();
        target.succeed();
    } else {
        static_assert(std::is_trivially_destructible_v<Result>, "a jump would skip this destructor");
        Result result = f();
        target.succeed();
        return result;
    }
}

// Calls a PostgreSQL function with arguments under the guard.
template <class R, class... P, class... A>
auto call(R (*function)(P...), A... arguments) -> R
{
    return call([&]() -> R { return function(static_cast<P>(arguments)...); });
}

// Raises `message` as a PostgreSQL-style error from C++ code; detail and hint may be empty.
struct Report {
    int sqlstate;
    std::string message;
    std::string detail{};
    std::string hint{};
};
[[noreturn]] void raise(const Report &report);

// Emits the same at a level below ERROR (NOTICE, WARNING, LOG, DEBUG1 …).
void emit(int level, const Report &report);

}  // namespace tviews::pg
