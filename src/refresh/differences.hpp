// The documents that differ from the defining query, between comparison and writing.
//
// The query's rows come from a statement (plan/rebuild_sql.hpp) that runs as the owner in a security-restricted operation.  It
// compares them with the stored ones itself, or these are looked up for each.  Rows that differ are kept in a tuplestore,
// which spills to disk.  Not here: writing them (writer.hpp), which keys are compared (rebuild.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalog/compiled.hpp"
#include "refresh/stored_rows.hpp"
#include "refresh/view_of_data.hpp"
#include "stats/progress.hpp"

namespace tviews::refresh {

struct Written {
    std::uint64_t inserted = 0;
    std::uint64_t updated = 0;
    std::uint64_t deleted = 0;
    std::uint64_t unchanged = 0;
    Written &operator+=(const Written &other)
    {
        inserted += other.inserted;
        updated += other.updated;
        deleted += other.deleted;
        unchanged += other.unchanged;
        return *this;
    }
    std::uint64_t total() const { return inserted + updated + deleted; }
};

// Columns of a comparison's row: what to do ('i', 'u', 'd'; 's': the same), where the stored row is, the definition's columns.
enum DifferenceColumn { difference_action = 0, difference_tid = 1, difference_values = 2 };

class Differences {
public:
    // Made before any subtransaction that fills it: the store's files belong to the resource owner of this moment.  `progress`, if
    // given, advances by each row compared, and by each handed over.
    explicit Differences(catalog::Compiled &tview, stats::Progress *progress = nullptr);

    // By a statement that compares.
    // Raises: 23505 if the query gives two rows for one key; 40001 if it does so only by the transaction's own snapshot.
    void compare(pg::Statement &statement, const pg::Parameters &parameters, bool large, Moment moment);

    // By a statement that gives the query's rows for keys, which may have a span, with the key's columns in the order `part`.
    // Raises the same.
    void look_up(pg::Statement &statement, const pg::Parameters &parameters, const std::vector<int> &part,
                 const std::optional<pg::KeySpan> &span, Relation table, Moment moment);

    // Before writing: raises 23505 if the query gives two new rows for one key, by the latest rows too.  Above READ COMMITTED the
    // unique index cannot tell that from another session's row.
    void check_new_keys(Moment moment);

    const Written &counts() const { return counts_; }

    // Hands over the rows with this action, one by one, in a slot with all columns deformed.
    void each(char action, const std::function<void(TupleTableSlot *)> &row);

    // Frees the store; rows are gone.
    void close();

private:
    void take(TupleTableSlot *slot);
    void take(TupleTableSlot *slot, std::size_t columns_at, StoredRows &stored);
    bool counts(char action, Datum tid);
    void make_slot(TupleDesc rows, int from);
    void check_duplicates(Moment moment);
    [[noreturn]] void raise_double(const std::string &key) const;
    std::uint64_t count_rows(const std::string &sql, const std::vector<Oid> &types, const pg::Parameters &parameters) const;
    bool is_double_now(std::uint64_t tid) const;
    std::string key_at(std::uint64_t tid) const;

    catalog::Compiled &tview_;
    MemoryContext home_ = CurrentMemoryContext;
    Written counts_;
    std::vector<std::uint64_t> matched_;
    stats::Progress *progress_;
    Tuplestorestate *store_;
    TupleTableSlot *slot_ = nullptr;
};

}  // namespace tviews::refresh
