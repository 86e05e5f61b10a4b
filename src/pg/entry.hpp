// The entry wrapper: every function that PostgreSQL calls (SQL functions, triggers, hooks, callbacks) runs its C++ body
// through `entry`, which lets no exception out: it leaves the catch block first and then raises the error again as
// PostgreSQL does, so that SQLSTATE, DETAIL, HINT and CONTEXT survive and no exception object leaks.
#pragma once

#include <exception>
#include <new>
#include <type_traits>

#include "pg/guard.hpp"

namespace tviews::pg {

// What a catch block carries out of itself: plain data only.
struct Failure {
    enum Kind { none, server_error, out_of_memory, unexpected } kind = none;
    ErrorData *error = nullptr;
    char what[256] = {};
};

// Describes the exception being handled.  Called from inside a catch block; does not raise.
Failure describe_current_exception() noexcept;

// Raises the failure as a PostgreSQL error.  Called outside of any catch block.
[[noreturn]] void rethrow(const Failure &failure);

template <class F>
auto entry(F &&body) -> std::invoke_result_t<F>
{
    static_assert(std::is_trivially_destructible_v<std::remove_reference_t<F>>, "rethrow would skip this destructor");
    Failure failure;
    try {
        return body();
    } catch (...) {
        failure = describe_current_exception();
    }
    rethrow(failure);
}

}  // namespace tviews::pg

// Defines the SQL-callable function `name`, whose body follows and sees `fcinfo`.
#define TVIEWS_FUNCTION(name)                                                             \
    static Datum name##_body(FunctionCallInfo fcinfo);                                    \
    extern "C" {                                                                          \
    PG_FUNCTION_INFO_V1(name);                                                            \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS)                                              \
    {                                                                                     \
        return tviews::pg::entry([&]() -> Datum { return name##_body(fcinfo); });         \
    }                                                                                     \
    }                                                                                     \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
