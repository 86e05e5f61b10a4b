// A procedure's work in transactions of its own, one after the other.
//
// What lives across them must not be in a transaction's memory: C++ objects on the heap are fine, a palloc'ed datum is not.  A step
// that fails ends in the abort of its own transaction alone; those before it are committed.
#pragma once

#include <string>

#include "pg/guard.hpp"

namespace tviews::pg {

class Transactions {
public:
    // Called first in a procedure.  Raises: 25001 where it cannot commit, in a transaction block or a function.
    Transactions(FunctionCallInfo fcinfo, const std::string &name);
    ~Transactions();
    Transactions(const Transactions &) = delete;
    Transactions &operator=(const Transactions &) = delete;

    // Runs body and commits.  From the second step on at READ COMMITTED.
    template <class Body>
    void run(const Body &body)
    {
        begin();
        body();
        commit();
    }

private:
    void begin();
    void commit();

    bool first_ = true;
    int exceptions_;
};

}  // namespace tviews::pg
