// An internal subtransaction: what lets C++ code go on after a PostgreSQL error.
//
// attempt() is the usual way.  Resources opened inside must be closed inside, or made before it begins.
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

    // A copy of an error that outlives the roll-back, which frees the memory of what ran inside.
    ErrorData *keep(const ErrorData *error) const
    {
        return call([&] {
            MemoryContext caller = MemoryContextSwitchTo(memory_);
            auto *copy = static_cast<ErrorData *>(palloc(sizeof(ErrorData)));
            *copy = *error;
            for (char **text : {&copy->message, &copy->detail, &copy->detail_log, &copy->hint, &copy->context, &copy->backtrace,
                                &copy->schema_name, &copy->table_name, &copy->column_name, &copy->datatype_name,
                                &copy->constraint_name, &copy->internalquery})
                *text = *text != nullptr ? pstrdup(*text) : nullptr;
            copy->assoc_context = memory_;
            MemoryContextSwitchTo(caller);
            return copy;
        });
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

// Runs body in a subtransaction.  Returns null, or, after rolling it back, the PostgreSQL error it raised; other exceptions
// pass.
template <class Body>
ErrorData *attempt(Body &&body)
{
    Subtransaction subtransaction;
    ErrorData *failure = nullptr;
    std::exception_ptr other;
    try {
        body();
    } catch (const Error &error) {
        failure = subtransaction.keep(error.data());
    } catch (...) {
        other = std::current_exception();
    }
    if (failure == nullptr && !other)
        subtransaction.release();
    else
        subtransaction.roll_back();
    if (other)
        std::rethrow_exception(other);
    return failure;
}

// Whether an error comes from the values at hand, so that another way may succeed: not a cancel, a lock timeout, a
// serialization failure or a lack of resources.
inline bool is_about_data(const ErrorData *error)
{
    int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
    return category != ERRCODE_TO_CATEGORY(ERRCODE_QUERY_CANCELED) &&
           category != ERRCODE_TO_CATEGORY(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE) &&
           category != ERRCODE_TO_CATEGORY(ERRCODE_T_R_SERIALIZATION_FAILURE) &&
           category != ERRCODE_TO_CATEGORY(ERRCODE_OUT_OF_MEMORY);
}

}  // namespace tviews::pg
