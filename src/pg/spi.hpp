// The server programming interface as C++: a session, a prepared statement whose rows go to a callback, and snapshots.
//
// Statements keep two plans: one generic, made for a handful of array elements, and one planned for the actual arrays when
// they are large.  Rows are handed over one by one and never collected here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::pg {

// SPI_connect … SPI_finish.  While unwinding, the abort closes it.
class SpiSession {
public:
    SpiSession();
    ~SpiSession();
    SpiSession(const SpiSession &) = delete;
    SpiSession &operator=(const SpiSession &) = delete;

private:
    int exceptions_;
};

using RowCallback = std::function<void(TupleTableSlot *)>;

struct Parameters {
    std::vector<Datum> values;
    std::vector<char> nulls;      // 'n' or ' ', as SPI wants them; empty: none is null
};

class Statement {
public:
    // Prepared at first use, in an SPI session and under the settings then in force.
    Statement(std::string sql, std::vector<Oid> parameter_types);
    ~Statement();
    Statement(const Statement &) = delete;
    Statement &operator=(const Statement &) = delete;

    // Runs a query on the active snapshot.  `large`: plan for these very parameters.  Returns the number of rows.
    std::uint64_t query(const Parameters &parameters, bool large, const RowCallback &on_row);

    struct Written {
        std::uint64_t rows = 0;
        bool all_true = true;     // of what it returns of them
    };
    // Runs a writing statement on `snapshot`; rows changed must be visible to `crosscheck` too, if given.  It may return one boolean
    // of each.  Raises: 40001 where the crosscheck fails.
    Written write(const Parameters &parameters, Snapshot snapshot, Snapshot crosscheck);

    // The planner's estimate for the generic plan, in planner units, were all pages in memory: only its processor costs.
    double processor_cost();

    const std::string &sql() const { return sql_; }

    // How many plans it keeps, and the memory they take.
    struct Kept {
        std::uint64_t plans = 0;
        std::uint64_t bytes = 0;
    };
    Kept kept() const noexcept;

    // Of all statements of this backend: uses of a kept plan, plans made, plans given up.
    struct Counts {
        std::uint64_t reused = 0;
        std::uint64_t made = 0;
        std::uint64_t discarded = 0;
    };
    static const Counts &counts() noexcept;

    // Frees plans of statements destroyed since; call where an error is harmless.
    static void release_discarded();

private:
    SPIPlanPtr plan(bool large);

    std::string sql_;
    std::vector<Oid> types_;
    SPIPlanPtr generic_ = nullptr;
    SPIPlanPtr custom_ = nullptr;
    std::optional<double> cost_;
};

// What the planner expects of a statement's generic plan, in its own units.  Needs an SPI session.
struct Estimate {
    double cost = 0;
    double rows = 0;
};
Estimate estimate(const std::string &sql, const std::vector<Oid> &types);

// The number of elements that a generic plan assumes in an array.
constexpr double assumed_elements = 10;

// Of its plan for these very parameters, were all pages in memory: only the processor costs.  Needs an SPI session.
double processor_cost(const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters);

// A one-off statement: runs `sql` with parameters, in an SPI session; rows go to the callback.
void execute(const std::string &sql, const std::vector<Oid> &types = {}, const Parameters &parameters = {},
             const RowCallback &on_row = nullptr, bool read_only = false);

// Column `number` (from 1) of a row as text, nothing if NULL.
std::optional<std::string> text_column(TupleTableSlot *slot, int number);

}  // namespace tviews::pg
