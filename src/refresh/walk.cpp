// Walking from seeds to keys; see walk.hpp.
//
// The stages come in order, far ends first (model/stages.hpp).  Each has a set of rows: seeds of its occurrence and what earlier
// steps found.  Its step is locked for the join values of these rows, then runs as one statement on a snapshot taken for it.
#include "refresh/walk.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "catalog/settings.hpp"
#include "pg/row_parameters.hpp"
#include "pg/subtransaction.hpp"
#include "refresh/identity.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

using Rows = std::optional<pg::RowSet>;

// Runs a statement over `rows` and collects what it selects.
pg::RowSet run(catalog::Compiled &tview, const plan::RowsStatement &sql, const pg::RowSet &rows, Oid reader, Moment moment)
{
    if (auto *measured = stats::FlushScope::running())
        ++measured->flush.hops;
    RoleScope role(reader != 0 ? reader : tview.owner, Security::restricted);
    SnapshotScope snapshot(moment);
    Rows found;
    bool one = rows.size() == 1;
    tview.statement(one ? sql.one : sql.many, one ? pg::value_types(rows) : pg::array_types(rows))
        .query(one ? pg::as_values(rows, 0) : pg::as_arrays(rows), rows.size() >= large_set, [&](TupleTableSlot *slot) {
            if (!found) {
                std::vector<Oid> types;
                for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i)
                    types.push_back(TupleDescAttr(slot->tts_tupleDescriptor, i)->atttypid);
                found.emplace(types);
            }
            pg::call([&] { slot_getallattrs(slot); });
            found->add(slot->tts_values, slot->tts_isnull);
        });
    return found ? std::move(*found) : pg::RowSet(std::vector<Oid>{});
}

// The same where it may fail for rows that the query's other conditions keep from it: then nothing is returned.
Rows try_run(catalog::Compiled &tview, const plan::RowsStatement &sql, const pg::RowSet &rows, Oid reader, Moment moment)
{
    Rows found;
    ErrorData *failure = pg::attempt([&] { found = run(tview, sql, rows, reader, moment); });
    if (failure != nullptr && !pg::is_about_data(failure))
        throw pg::Error(failure);
    return found;
}

std::vector<std::size_t> positions(const std::vector<model::AttributeNumber> &wanted,
                                   const std::vector<model::AttributeNumber> &layout)
{
    std::vector<std::size_t> found;
    for (model::AttributeNumber column : wanted)
        found.push_back(static_cast<std::size_t>(std::find(layout.begin(), layout.end(), column) - layout.begin()));
    return found;
}

// Adds some columns of the rows to a set, which is made at need.
void add_columns(Rows &known, const pg::RowSet &rows, const std::vector<std::size_t> &columns,
                 const std::function<bool(std::size_t)> &wanted = nullptr)
{
    if (!known)
        known.emplace(rows.types(columns));
    known->add(rows, columns, wanted);
}

struct Hash {
    Oid function;
    Oid collation;
};

// The hashes of these columns of the rows.  A NULL among them matches nothing.
Tags hashed(const pg::RowSet &rows, const std::vector<std::size_t> &columns, const std::vector<Hash> &functions)
{
    Tags tags;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows.has_null(row, columns))
            continue;
        tags.hashes.push_back(pg::call([&] {
            uint32 hash = 0;
            for (std::size_t i = 0; i < columns.size(); ++i)
                hash = hash_combine(hash, DatumGetUInt32(OidFunctionCall1Coll(functions[i].function, functions[i].collation,
                                                                              rows.value(row, columns[i]))));
            return hash;
        }));
    }
    return tags;
}

class Walker {
public:
    Walker(catalog::Compiled &tview, const SeedList &seeds, FlushLocks &locks, Moment moment)
        : tview_(tview), seeds_(seeds), locks_(locks), moment_(moment), rows_(tview.stages.size())
    {
    }

    Keys run()
    {
        for (const auto &[slot, seeds] : seeds_)
            for (int entry : slot.patch ? std::vector<int>{} : tview_.order.entries[slot.occurrence])
                add_columns(rows_[entry], seeds->rows, positions(tview_.order.all[entry].columns, seeds->columns));
        for (std::size_t i = 0; i < tview_.stages.size(); ++i) {
            if (tview_.order.all[i].next < 0)
                collect(i);
            else
                lock_and_step(i);
        }
        return std::move(keys_);
    }

private:
    bool empty(std::size_t stage) const { return !rows_[stage] || rows_[stage]->empty(); }

    void lock_and_step(std::size_t stage)
    {
        if (!locks_.exclusive())
            locks_.step(static_cast<int>(stage), far_tags(stage), near_tags(stage));
        if (empty(stage))
            return;
        int next = tview_.order.all[stage].next;
        const catalog::Stage &compiled = tview_.stages[stage];
        Rows found = compiled.may_fail ? try_run(tview_, compiled.step, *rows_[stage], compiled.reader, moment_)
                                       : refresh::run(tview_, compiled.step, *rows_[stage], compiled.reader, moment_);
        rows_[stage].reset();
        if (!found)
            return give_up();
        if (!found->empty())
            add_columns(rows_[next], *found, pg::first_columns(found->width()));
        if (rows_[next] && rows_[next]->bytes() > catalog::seed_memory())
            give_up();
    }

    // The walk leads too far or nowhere: every document will be compared.  The stages go on for the locks of the seeds.
    void give_up()
    {
        keys_.everything = true;
        for (Rows &rows : rows_)
            rows.reset();
    }

    Tags far_tags(std::size_t stage)
    {
        const catalog::Stage &compiled = tview_.stages[stage];
        if (empty(stage))
            return {};
        std::vector<Hash> functions;
        for (const catalog::JoinHash &hash : compiled.hashes)
            functions.push_back({hash.far, hash.collation});
        return tags(*rows_[stage], compiled.far, functions);
    }

    // Of seeds of the occurrence the step arrives at that moved.
    Tags near_tags(std::size_t stage)
    {
        const catalog::Stage &compiled = tview_.stages[stage];
        Rows moved;
        for (int arrives_at : tview_.order.all[stage].arrives_at) {
            for (const auto &[slot, seeds] : seeds_)
                if (slot.occurrence == arrives_at && !slot.patch)
                    add_columns(moved, seeds->rows, pg::first_columns(seeds->columns.size()), [&rows = seeds->rows](std::size_t row) {
                        return DatumGetBool(rows.value(row, rows.width() - 1));
                    });
            if (moved && !moved->empty())
                break;                            // a step that reads several tables is locked as a whole
            moved.reset();
        }
        if (!moved)
            return {};
        std::vector<Hash> functions;
        for (const catalog::JoinHash &hash : compiled.hashes)
            functions.push_back({hash.near, hash.collation});
        return tags(*moved, compiled.near, functions);
    }

    Tags tags(const pg::RowSet &rows, const plan::Projection &values, const std::vector<Hash> &functions)
    {
        if (functions.empty())
            return {true, {}};
        if (values.sql.empty())
            return hashed(rows, values.direct, functions);
        Rows computed = try_run(tview_, values.sql, rows, 0, moment_);
        return computed ? hashed(*computed, pg::first_columns(computed->width()), functions) : Tags{true, {}};
    }

    // The rows give the key.  A NULL in it: by an equality it matches nothing; from the key's owner itself it may be a document
    // without a key, which only a full comparison can tell.
    void collect(std::size_t number)
    {
        if (empty(number))
            return;
        const catalog::Stage &stage = tview_.stages[number];
        Rows computed;
        if (!stage.keys.sql.empty()) {
            computed = try_run(tview_, stage.keys.sql, *rows_[number], 0, moment_);
            if (!computed)
                return give_up();
            if (computed->empty())
                return;
        }
        const pg::RowSet &rows = computed ? *computed : *rows_[number];
        std::vector<std::size_t> columns = computed ? pg::first_columns(rows.width()) : stage.keys.direct;
        keys_.everything |= keys_.add(stage.key_columns, rows, columns) && !tview_.order.all[number].elided;
        rows_[number].reset();
    }

    catalog::Compiled &tview_;
    const SeedList &seeds_;
    FlushLocks &locks_;
    Moment moment_;
    std::vector<Rows> rows_;      // by stage
    Keys keys_;
};

}  // namespace

bool cannot_walk(const catalog::Compiled &tview, const SeedList &seeds)
{
    return std::any_of(seeds.begin(), seeds.end(), [&](const auto &item) {
        const auto &[slot, seed] = item;
        int occurrence = slot.occurrence;
        bool known = occurrence >= 0 && occurrence < static_cast<int>(tview.routes.size());
        bool no_patch = slot.patch && occurrence != tview.analysis.copied_row;
        return !known || no_patch || seed->everything || tview.routes[occurrence].everything ||
               seed->columns != tview.order.seed_columns[occurrence];
    });
}

Keys walk(catalog::Compiled &tview, const SeedList &seeds, FlushLocks &locks, Moment moment)
{
    return Walker(tview, seeds, locks, moment).run();
}

Patch find_patch(const catalog::Compiled &tview, const SeedList &seeds)
{
    Patch patch;
    for (const auto &[slot, rows] : seeds) {
        if (!slot.patch)
            continue;
        int end = tview.order.entries[slot.occurrence].front();
        const catalog::Stage &stage = tview.stages[end];
        auto columns = positions(tview.order.all[end].columns, rows->columns);
        std::vector<std::size_t> key(stage.key_columns.size());
        std::vector<int> part(key.size());
        for (std::size_t i = 0; i < key.size(); ++i)
            key[static_cast<std::size_t>(stage.key_columns[i])] = columns[stage.keys.direct[i]];
        std::iota(part.begin(), part.end(), 0);
        patch.keys.add(part, rows->rows, key);
        patch.changed = rows->changed;
    }
    return patch;
}

Tags document_tags(const catalog::Compiled &tview, const Keys &keys)
{
    if (keys.everything || (tview.locked_key.empty() && !keys.parts.empty()))
        return {true, {}};
    Tags tags;
    for (const auto &[part, rows] : keys.parts) {
        std::vector<std::size_t> columns;
        std::vector<Hash> functions;
        for (const catalog::LockedKey &key : tview.locked_key) {
            columns.push_back(static_cast<std::size_t>(std::find(part.begin(), part.end(), key.key_column) - part.begin()));
            functions.push_back({key.hash, key.collation});
        }
        tags.add(hashed(rows, columns, functions));
    }
    return tags;
}

}  // namespace tviews::refresh
