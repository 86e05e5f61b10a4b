// Comparing and writing documents; see rebuild.hpp.
//
// One comparison statement (plan/rebuild_sql.hpp) runs as the owner in a security-restricted operation; rows that differ are
// kept in a tuplestore, which spills to disk, and then written one statement per row, as the owner but unrestricted.
#include "refresh/rebuild.hpp"

#include <algorithm>
#include <exception>
#include <fmt/core.h>

#include "pg/subtransaction.hpp"
#include "plan/identifier.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"

namespace tviews::refresh {

namespace {

// Below this many keys the per-key plan is taken without asking the planner for estimates.
constexpr std::size_t few_keys = 10;
// The planner does not know what building a document costs, which one pass does not save; measured, a lookup per key costs
// twice as much per document where the planner thinks eight times.
constexpr double document_factor = 4;
// The number of elements the planner assumes in an array it does not know.
constexpr double assumed_keys = 10;

enum Column { column_action = 1, column_tid = 2, first_value = 3 };

// The documents that differ, between comparison and writing.
class Differences {
public:
    // Made before any subtransaction that fills it: the store's files belong to the resource owner of this moment.
    explicit Differences(catalog::Compiled &tview)
        : tview_(tview), store_(pg::call([] { return tuplestore_begin_heap(false, false, work_mem); }))
    {
    }

    void compare(pg::Statement &statement, const pg::Parameters &parameters, bool large, Moment moment)
    {
        RoleScope role(tview_.owner, Security::restricted);
        SnapshotScope snapshot(moment);
        statement.query(parameters, large, [&](TupleTableSlot *slot) { take(slot); });
        check_duplicates(moment);
    }

    Written write(Moment moment)
    {
        RoleScope role(tview_.owner, Security::writing);
        write_pass('d', written_.deleted, moment);
        write_pass('u', written_.updated, moment);
        write_pass('i', written_.inserted, moment);
        pg::call([&] {
            if (slot_ != nullptr)
                ExecDropSingleTupleTableSlot(slot_);
            tuplestore_end(store_);
        });
        return written_;
    }

private:
    void take(TupleTableSlot *slot)
    {
        pg::call([&] { slot_getallattrs(slot); });
        char action = DatumGetChar(slot->tts_values[column_action - 1]);
        if (action == 's' || action == 'u')
            matched_.push_back(tid_number(slot->tts_values[column_tid - 1]));
        switch (action) {
        case 's':
            ++written_.unchanged;
            return;
        case 'i':
            ++written_.inserted;
            break;
        case 'u':
            ++written_.updated;
            break;
        default:
            ++written_.deleted;
        }
        pg::call([&] {
            if (slot_ == nullptr) {
                // The executor's contexts end with the statement; the slot must not.
                MemoryContext executor = MemoryContextSwitchTo(home_);
                slot_ = MakeSingleTupleTableSlot(CreateTupleDescCopy(slot->tts_tupleDescriptor), &TTSOpsMinimalTuple);
                MemoryContextSwitchTo(executor);
            }
            tuplestore_puttupleslot(store_, slot);
        });
    }

    static std::uint64_t tid_number(Datum tid)
    {
        auto *pointer = reinterpret_cast<ItemPointer>(DatumGetPointer(tid));
        return (std::uint64_t{ItemPointerGetBlockNumberNoCheck(pointer)} << 16) | ItemPointerGetOffsetNumberNoCheck(pointer);
    }

    // Two rows of the query that match one stored row have one key.
    void check_duplicates(Moment moment)
    {
        std::sort(matched_.begin(), matched_.end());
        auto twice = std::adjacent_find(matched_.begin(), matched_.end());
        if (twice != matched_.end() && moment == Moment::read && IsolationUsesXactSnapshot() && !is_double_now(*twice))
            raise_conflict();
        if (twice != matched_.end())
            pg::raise({ERRCODE_UNIQUE_VIOLATION, fmt::format("the query of TVIEW {} gives two rows with one key", tview_.name()),
                       "Key " + key_at(*twice) + ".",
                       "A TVIEW's key must be unique in its query; correct the data or redefine the TVIEW."});
        matched_.clear();
    }

    // Above READ COMMITTED a transaction may insert a key another one has deleted, and its own snapshot then shows both rows.
    [[noreturn]] static void raise_conflict()
    {
        pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update", "",
                   "The transaction might succeed if retried."});
    }

    // Whether the query still gives two rows with the key of this stored row, by the latest rows.
    bool is_double_now(std::uint64_t tid) const
    {
        SnapshotScope latest(Moment::commit);
        std::uint64_t rows = 0;
        pg::execute(plan::query_rows_like(tview_.relations, tview_.analysis.key, tid_text(tid)), {}, {},
                    [&](TupleTableSlot *) { ++rows; }, true);
        return rows > 1;
    }

    static std::string tid_text(std::uint64_t tid) { return fmt::format("({},{})", tid >> 16, tid & 0xffff); }

    // The key of a stored row, for people.
    std::string key_at(std::uint64_t tid) const
    {
        std::string names, columns, key;
        for (const model::KeyColumn &column : tview_.analysis.key) {
            names += (names.empty() ? "" : ", ") + column.name;
            columns += (columns.empty() ? "" : ", ") + plan::quote_name(column.name);
        }
        pg::execute(fmt::format("SELECT pg_catalog.concat_ws(', ', {}) FROM {} WHERE ctid = '{}'::pg_catalog.tid", columns,
                                tview_.relations.table, tid_text(tid)),
                    {}, {}, [&](TupleTableSlot *slot) { key = pg::text_column(slot, 1).value_or(""); }, true);
        return fmt::format("({})=({})", names, key);
    }

    void write_pass(char action, std::uint64_t expected, Moment moment)
    {
        if (expected == 0)
            return;
        pg::call(tuplestore_rescan, store_);
        pg::Statement &statement = writer(action);
        SnapshotScope snapshot(moment);
        for (;;) {
            bool found = pg::call([&] { return tuplestore_gettupleslot(store_, true, false, slot_); });
            if (!found)
                return;
            pg::call([&] {
                CHECK_FOR_INTERRUPTS();
                slot_getallattrs(slot_);
            });
            if (DatumGetChar(slot_->tts_values[column_action - 1]) != action)
                continue;
            if (statement.write(parameters(action), GetActiveSnapshot(), crosscheck(moment)) != 1)
                raise_not_written();
        }
    }

    [[noreturn]] void raise_not_written() const
    {
        bool suppressed = pg::call([&] {
            Relation relation = relation_open(tview_.tview.table, NoLock);
            const TriggerDesc *triggers = relation->trigdesc;
            bool before = triggers != nullptr && (triggers->trig_insert_before_row || triggers->trig_update_before_row ||
                                                  triggers->trig_delete_before_row);
            relation_close(relation, NoLock);
            return before;
        });
        if (suppressed)
            pg::raise({ERRCODE_TRIGGERED_ACTION_EXCEPTION,
                       fmt::format("a trigger on TVIEW {} suppressed the writing of a document", tview_.name()),
                       "The TVIEW would no longer be what its query says.", "Drop the BEFORE trigger, or let it return the row."});
        pg::raise({ERRCODE_T_R_SERIALIZATION_FAILURE,
                   fmt::format("a row of TVIEW {} was changed by another session", tview_.name()),
                   "Rows of a TVIEW are written by the extension alone.", "Run the transaction again."});
    }

    pg::Statement &writer(char action)
    {
        std::vector<Oid> types;
        if (action != 'd')
            types = tview_.column_types;
        if (action != 'i')
            types.push_back(TIDOID);
        std::string sql = action == 'd'   ? plan::delete_row(tview_.relations)
                          : action == 'u' ? plan::update_row(tview_.relations)
                                          : plan::insert_row(tview_.relations);
        return tview_.statement(sql, types);
    }

    pg::Parameters parameters(char action) const
    {
        pg::Parameters parameters;
        auto take_column = [&](std::size_t number) {
            parameters.values.push_back(slot_->tts_values[number - 1]);
            parameters.nulls.push_back(slot_->tts_isnull[number - 1] ? 'n' : ' ');
        };
        if (action != 'd')
            for (std::size_t i = 0; i < tview_.column_types.size(); ++i)
                take_column(first_value + i);
        if (action != 'i')
            take_column(column_tid);
        return parameters;
    }

    catalog::Compiled &tview_;
    MemoryContext home_ = CurrentMemoryContext;
    Written written_;
    std::vector<std::uint64_t> matched_;
    Tuplestorestate *store_;
    TupleTableSlot *slot_ = nullptr;
};

// Whether one pass over the query costs less than a lookup per key, by the planner's estimates: above all, whether the
// lookups have the indexes they need.
bool one_pass_is_cheaper(catalog::Compiled &tview, pg::Statement &per_key, std::size_t keys)
{
    if (keys < few_keys)
        return false;
    double each = per_key.processor_cost() / assumed_keys;
    double all = tview.statement(plan::compare_all(tview.relations, tview.analysis.key), {}).processor_cost();
    return each * static_cast<double>(keys) > document_factor * all;
}

// What PostgreSQL says of the table's primary key, in terms of the TVIEW.
void translate(const catalog::Compiled &tview, ErrorData *error, Moment moment)
{
    auto replace = [&](int sqlstate, const std::string &message, const char *hint) {
        pg::call([&] {
            error->sqlerrcode = sqlstate;
            error->message = pstrdup(message.c_str());
            error->hint = pstrdup(hint);
        });
    };
    bool on_tview = error->table_name != nullptr && error->schema_name != nullptr &&
                    tview.tview.schema == error->schema_name && "tv_" + tview.tview.entity == error->table_name;
    if (!on_tview)
        return;
    if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION && moment == Moment::read && IsolationUsesXactSnapshot())
        replace(ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update",
                "The transaction might succeed if retried.");
    else if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION)
        replace(ERRCODE_UNIQUE_VIOLATION, fmt::format("the query of TVIEW {} gives two rows with one key", tview.name()),
                "A TVIEW's key must be unique in its query; correct the data or redefine the TVIEW.");
    else if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
        replace(ERRCODE_NOT_NULL_VIOLATION, fmt::format("the query of TVIEW {} gives a row whose key is null", tview.name()),
                "Filter such rows out of the query or give them a key with COALESCE.");
}

// An error that carries our context already.
struct Explained : pg::Error {
    using pg::Error::Error;
};

// Appends our context to an error on its way out.
[[noreturn]] void explain_failure(const catalog::Compiled &tview, const std::string &about, ErrorData *error, Moment moment)
{
    translate(tview, error, moment);
    std::string text = "maintaining TVIEW " + tview.name() + ", " + about;
    pg::call([&] {
        error->context = error->context ? psprintf("%s\n%s", error->context, text.c_str()) : pstrdup(text.c_str());
    });
    throw Explained(error);
}

// The keys [from, to) of a set, as one parameter per column.
pg::Parameters some_keys(const pg::RowSet &keys, std::size_t from, std::size_t to)
{
    pg::Parameters parameters;
    for (std::size_t column = 0; column < keys.width(); ++column)
        parameters.values.push_back(keys.array(column, from, to));
    return parameters;
}

// Compares several documents; if one of them cannot be built, finds it, so that the error can name it.
void compare_several(catalog::Compiled &tview, Differences &differences, pg::Statement &statement, const pg::RowSet &keys,
                     Moment moment)
{
    ErrorData *failure = pg::attempt([&] { differences.compare(statement, some_keys(keys, 0, keys.size()), false, moment); });
    if (failure == nullptr)
        return;
    if (!pg::is_about_data(failure))
        throw pg::Error(failure);
    for (std::size_t row = 0; row < keys.size(); ++row) {
        try {
            Differences one(tview);
            one.compare(statement, some_keys(keys, row, row + 1), false, moment);
        } catch (const pg::Error &error) {
            explain_failure(tview, "document " + keys.describe(row), error.data(), moment);
        }
    }
    explain_failure(tview, fmt::format("{} documents", keys.size()), failure, moment);
}

// Brings the documents with these values of the key columns `part` up to date.
void rebuild_part(catalog::Compiled &tview, const std::vector<int> &part, const pg::RowSet &keys, Moment moment,
                  Written &written)
{
    std::vector<Oid> types;
    for (std::size_t column = 0; column < keys.width(); ++column)
        types.push_back(keys.array_type(column));
    pg::Statement &per_key = tview.statement(plan::compare_keys(tview.relations, tview.analysis.key, part), types);
    Differences differences(tview);
    if (one_pass_is_cheaper(tview, per_key, keys.size()))
        differences.compare(tview.statement(plan::compare_bulk(tview.relations, tview.analysis.key, part), types),
                            some_keys(keys, 0, keys.size()), true, moment);
    else if (keys.size() > 1)
        compare_several(tview, differences, per_key, keys, moment);
    else
        differences.compare(per_key, some_keys(keys, 0, 1), false, moment);
    written += differences.write(moment);
}

void rebuild_everything(catalog::Compiled &tview, Moment moment, Written &written)
{
    Differences differences(tview);
    differences.compare(tview.statement(plan::compare_all(tview.relations, tview.analysis.key), {}), {}, false, moment);
    written += differences.write(moment);
}

std::string describe(const pg::RowSet &keys)
{
    return keys.size() == 1 ? "document " + keys.describe(0) : fmt::format("{} documents", keys.size());
}

}  // namespace

Written rebuild(catalog::Compiled &tview, const Keys &keys, Moment moment)
{
    Written written;
    std::string about = "all documents";
    try {
        if (keys.everything) {
            rebuild_everything(tview, moment, written);
            return written;
        }
        for (const auto &[part, rows] : keys.parts) {
            if (rows.empty())
                continue;
            about = describe(rows);
            rebuild_part(tview, part, rows, moment, written);
        }
        return written;
    } catch (const Explained &) {
        throw;
    } catch (const pg::Error &error) {
        explain_failure(tview, about, error.data(), moment);
    }
}

}  // namespace tviews::refresh
