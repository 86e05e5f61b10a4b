// The entry wrapper's error half; see entry.hpp.
#include "pg/entry.hpp"

#include <cstring>

namespace tviews::pg {

Failure describe_current_exception() noexcept
{
    Failure failure;
    try {
        throw;
    } catch (const Error &error) {
        failure.kind = Failure::server_error;
        failure.error = error.data();
    } catch (const std::bad_alloc &) {
        failure.kind = Failure::out_of_memory;
    } catch (const std::exception &error) {
        failure.kind = Failure::unexpected;
        std::strncpy(failure.what, error.what(), sizeof failure.what - 1);
    } catch (...) {
        failure.kind = Failure::unexpected;
        std::strncpy(failure.what, "unknown C++ exception", sizeof failure.what - 1);
    }
    return failure;
}

// The length of text without a last character that the copy into `what` cut in two: the client could not decode it.
static int whole_characters(const char *text)
{
    int length = static_cast<int>(std::strlen(text));
    return pg_mbcliplen(text, length, length);
}

void rethrow(const Failure &failure)
{
    switch (failure.kind) {
    case Failure::server_error:
        ReThrowError(failure.error);
    case Failure::out_of_memory:
        ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
                        errdetail("A C++ allocation in pg_tviews failed.")));
    default:
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
                        errmsg("pg_tviews: unexpected failure: %.*s", whole_characters(failure.what), failure.what),
                        errhint("This is a bug in pg_tviews; please report it with the statement that raised it.")));
    }
    pg_unreachable();
}

}  // namespace tviews::pg
