// Listing keys and comparing them batch by batch; see batches.hpp.
#include "refresh/batches.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "catalog/state.hpp"
#include "pg/spi.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/flush.hpp"
#include "refresh/identity.hpp"
#include "stats/progress.hpp"

namespace tviews::refresh {

namespace {

using queue::Keys;

// Keys of documents that outlive the transaction that found them; past work_mem they are on disk.
class KeyList {
    template <class F>
    auto in_memory(const F &f)
    {
        return pg::call([&] {
            MemoryContext caller = MemoryContextSwitchTo(memory_);
            auto result = f();
            MemoryContextSwitchTo(caller);
            return result;
        });
    }

public:
    KeyList()
        : memory_(pg::call([] { return AllocSetContextCreate(TopMemoryContext, "pg_tviews keys", ALLOCSET_DEFAULT_SIZES); })),
          store_(in_memory([] { return tuplestore_begin_heap(false, true, work_mem); }))
    {
    }
    ~KeyList()
    {
        if (slot_ != nullptr)
            ExecDropSingleTupleTableSlot(slot_);
        tuplestore_end(store_);
        MemoryContextDelete(memory_);
    }
    KeyList(const KeyList &) = delete;
    KeyList &operator=(const KeyList &) = delete;

    void add(TupleTableSlot *found)
    {
        in_memory([&] {
            if (slot_ == nullptr)
                slot_ = MakeSingleTupleTableSlot(CreateTupleDescCopy(found->tts_tupleDescriptor), &TTSOpsMinimalTuple);
            tuplestore_puttupleslot(store_, found);
            return true;
        });
        ++size_;
    }

    std::uint64_t size() const { return size_; }

    // The next keys, `most` at most; empty at the end.
    pg::RowSet next(int most)
    {
        std::vector<Oid> types;
        for (int i = 0; slot_ != nullptr && i < slot_->tts_tupleDescriptor->natts; ++i)
            types.push_back(TupleDescAttr(slot_->tts_tupleDescriptor, i)->atttypid);
        pg::RowSet keys(types);
        for (int i = 0; slot_ != nullptr && i < most; ++i) {
            bool more = in_memory([&] {
                bool found = tuplestore_gettupleslot(store_, true, false, slot_);
                if (found)
                    slot_getallattrs(slot_);
                return found;
            });
            if (!more)
                break;
            keys.add(slot_->tts_values, slot_->tts_isnull);
        }
        tuplestore_trim(store_);
        return keys;
    }

private:
    MemoryContext memory_;
    Tuplestorestate *store_;
    TupleTableSlot *slot_ = nullptr;
    std::uint64_t size_ = 0;
};

void list_keys(catalog::Compiled &tview, List which, KeyList &keys)
{
    pg::SpiSession session;
    PinnedSettingsScope settings(tview.settings);
    RoleScope role(tview.owner, Security::restricted);
    SnapshotScope snapshot(Moment::commit);
    pg::Statement statement(which == List::all ? plan::all_keys(tview.relations, tview.analysis.key)
                                               : plan::differing_keys(tview.relations, tview.analysis.key),
                            {});
    statement.query({}, true, [&](TupleTableSlot *slot) { keys.add(slot); });
}

Keys as_keys(const catalog::Compiled &tview, const pg::RowSet &rows)
{
    Keys keys;
    std::vector<int> part;
    for (int i = 0; i < static_cast<int>(tview.analysis.key.size()); ++i)
        part.push_back(i);
    std::vector<std::size_t> columns = pg::first_columns(rows.width());
    bool any_null = keys.add(part, rows, columns);
    for (std::size_t row = 0; any_null; ++row)
        if (rows.has_null(row, columns))
            pg::raise({ERRCODE_NOT_NULL_VIOLATION,
                       fmt::format("the query of TVIEW {} gives a row whose key is null", tview.name()),
                       fmt::format("Key ({})={}.", fmt::join(tview.tview.key, ", "), rows.describe(row)),
                       "Filter such rows out of the query or give them a key with COALESCE."});
    return keys;
}

}  // namespace

int checked_batch(int batch)
{
    if (batch < 1)
        pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "batch must be 1 or more"});
    return batch;
}

namespace {

// Says of an error what it leaves behind.
void add_context(ErrorData *error, const std::string &name)
{
    if (error->sqlerrcode == ERRCODE_UNDEFINED_TABLE)
        return;
    pg::call([&] {
        const char *text = psprintf("filling TVIEW %s, which stays in state building until it is resumed or dropped", name.c_str());
        error->context = error->context ? psprintf("%s\n%s", error->context, text) : pstrdup(text);
    });
}

Written fill(pg::Transactions &transactions, Oid table, const std::string &mark, List list, int batch, std::string &name)
{
    KeyList keys;
    transactions.run([&] { name = catalog::compiled(table)->name(); });
    stats::Progress progress(list == List::all ? "create" : "resume", name);
    progress.phase("listing");
    auto check_still_there = [&] {
        if (!catalog::is_tview(table))
            pg::raise({ERRCODE_UNDEFINED_TABLE, fmt::format("TVIEW {} was dropped by another session", name)});
    };
    transactions.run([&] {
        check_still_there();
        list_keys(*catalog::compiled(table), list, keys);
    });
    progress.phase("comparing", keys.size());
    Written written;
    for (std::uint64_t done = 0; done < keys.size();) {
        pg::RowSet some = keys.next(batch);
        transactions.run([&] {
            check_still_there();
            written += refresh_some(table, as_keys(*catalog::compiled(table), some));
        });
        done = std::min(done + static_cast<std::uint64_t>(batch), keys.size());
        progress.advance(some.size());
        pg::emit(DEBUG1, {ERRCODE_SUCCESSFUL_COMPLETION, fmt::format("{} of {} documents compared", done, keys.size())});
    }
    transactions.run([&] {
        pg::SpiSession session;
        catalog::remove_mark(mark);
    });
    return written;
}

}  // namespace

Written fill_in_batches(pg::Transactions &transactions, Oid table, const std::string &mark, List list, int batch)
{
    std::string name;
    try {
        return fill(transactions, table, mark, list, batch, name);
    } catch (const pg::Error &error) {
        add_context(error.data(), name);
        throw;
    }
}

}  // namespace tviews::refresh
