// One function for each failure; see failures.hpp.
#include "failures.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

namespace pg = tviews::pg;

namespace border {

namespace {

void add_context(void *argument)
{
    ++contexts_added;
    errcontext("border test: %s", static_cast<const char *>(argument));
}

// C-side: leaves behind everything a raise can leave in disorder, a context callback and a switched memory context.
void raise_in_disorder(int sqlstate, const char *message)
{
    char where[] = "callback of a frame that is gone";
    ErrorContextCallback callback{error_context_stack, add_context, where};
    error_context_stack = &callback;
    MemoryContextSwitchTo(TopMemoryContext);
    ereport(ERROR, (errcode(sqlstate), errmsg("%s", message), errdetail("the detail"), errhint("the hint")));
}

void server_error()
{
    pg::call(raise_in_disorder, MAKE_SQLSTATE('T', 'V', '0', '0', '1'), "a server error");
}

void serialization()
{
    pg::call(raise_in_disorder, ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize");
}

void raised()
{
    pg::raise({MAKE_SQLSTATE('T', 'V', '0', '0', '2'), "raised 100% in C++", "detail: 5%", "hint: %s"});
}

void raised_bare()
{
    pg::raise({MAKE_SQLSTATE('T', 'V', '0', '0', '3'), "raised bare"});
}

// The server's own refusal, an elog without a SQLSTATE of its own.
void too_large()
{
    pg::call(palloc, SIZE_MAX / 4);
}

// The exception of the innermost guard crosses two more on its way.
void nested()
{
    pg::call([] { pg::call([] { pg::call(raise_in_disorder, MAKE_SQLSTATE('T', 'V', '0', '0', '4'), "nested"); }); });
}

// No server error at all, but a C++ exception that crosses guards.
void nested_exception()
{
    pg::call([] { pg::call([] { throw std::runtime_error("thrown below two guards"); }); });
}

void bad_alloc()
{
    throw std::bad_alloc();
}

// What an allocation that cannot be had does, without a throw of ours.
void huge()
{
    ::operator delete(::operator new(static_cast<std::size_t>(PTRDIFF_MAX)));
}

void runtime_error()
{
    throw std::runtime_error("a runtime error, 100% C++");
}

// Longer than the entry keeps, and of two-byte characters, so that the cut falls within one.
void long_text()
{
    std::string text;
    for (int i = 0; i < 300; ++i)
        text += "é";
    throw std::runtime_error(text);
}

void number()
{
    throw 42;
}

void none() {}

struct Failing {
    std::string_view kind;
    void (*act)();
};

constexpr Failing failings[] = {
    {"none", none},           {"error", server_error},
    {"raise", raised},        {"raise_bare", raised_bare},
    {"too_large", too_large}, {"serialization", serialization},
    {"nested", nested},       {"nested_exception", nested_exception},
    {"bad_alloc", bad_alloc}, {"huge", huge},
    {"long", long_text},      {"runtime_error", runtime_error},
    {"number", number},
};

}  // namespace

void fail(std::string_view kind)
{
    auto *found = std::find_if(std::begin(failings), std::end(failings), [&](auto &each) { return each.kind == kind; });
    if (found == std::end(failings))
        pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "no failure named " + std::string(kind)});
    found->act();
}

void fail_below(int frames, std::string_view kind)
{
    Tracer tracer;
    if (frames == 0)
        fail(kind);
    else
        fail_below(frames - 1, kind);
}

}  // namespace border
