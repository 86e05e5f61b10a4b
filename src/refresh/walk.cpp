// Walking from seeds to keys; see walk.hpp.
//
// The stages come in order, far ends first (model/stages.hpp).  Each has a set of rows: seeds of its occurrence and what earlier
// steps found.  Its step is locked for the join values of these rows, then runs on a snapshot taken for it: as one statement, or by an
// index (index_step.hpp).
// Rows that changed in copied columns alone go the same way in sets of their own, one for each occurrence, which carry behind
// the stage's columns what is to be known of them at the end (catalog::Copies).
#include "refresh/walk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "catalog/settings.hpp"
#include "pg/row_parameters.hpp"
#include "pg/subtransaction.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"
#include "refresh/index_step.hpp"
#include "refresh/rebuild.hpp"
#include "stats/flushes.hpp"

namespace tviews::refresh {

namespace {

using Rows = std::optional<pg::RowSet>;

// A step that the planner thinks so cheap, in its units, is taken without comparing it with anything.
constexpr double cheap_step = 10000;

// Whether comparing every document costs less than the step, which looks at each row of the far table for each of many rows where
// neither an index nor a hash serves its conditions.
bool is_dearer_than_everything(catalog::Compiled &tview, const plan::RowsStatement &sql, const pg::RowSet &rows, Oid reader)
{
    if (rows.size() < large_set)
        return false;
    std::vector<Oid> types = pg::array_types(rows);
    double most = cheap_step;
    {
        RoleScope role(reader != 0 ? reader : tview.owner, Security::restricted);     // planning runs functions of the query
        if (tview.statement(sql.many, types).processor_cost() / pg::assumed_elements * static_cast<double>(rows.size()) <= most)
            return false;
    }
    RoleScope role(tview.owner, Security::restricted);
    most = std::max(most, document_factor * tview.statement(plan::compare_all(tview.relations, tview.analysis.key), {}).processor_cost());
    return pg::processor_cost(sql.many, types, pg::as_arrays(rows)) > most;
}

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
        : tview_(tview), seeds_(seeds), locks_(locks), moment_(moment), rows_(tview.stages.size()), copies_(tview.stages.size())
    {
    }

    Found run()
    {
        for (const auto &[slot, seeds] : seeds_) {
            bool patch = slot.patch && !seeds->partly_undone;
            for (int entry : tview_.order.entries[slot.occurrence]) {
                if (patch)
                    add_columns(copies_[entry][slot.occurrence], seeds->rows, pg::first_columns(seeds->rows.width()));
                else
                    start(static_cast<std::size_t>(entry), *seeds);
            }
            if (patch)
                changed_[slot.occurrence] = &seeds->changed;
        }
        for (std::size_t i = 0; i < tview_.stages.size(); ++i) {
            if (tview_.order.all[i].next < 0)
                collect(i);
            else
                lock_and_step(i);
        }
        if (found_.keys.everything)
            found_.patches.clear();
        return std::move(found_);
    }

private:
    bool empty(std::size_t stage) const { return !rows_[stage] || rows_[stage]->empty(); }

    // Rows that are at the walk's end already give their keys at once.
    void start(std::size_t number, const queue::Seeds &seeds)
    {
        std::vector<std::size_t> columns = positions(tview_.order.all[number].columns, seeds.columns);
        const catalog::Stage &stage = tview_.stages[number];
        if (tview_.order.all[number].next >= 0 || !stage.keys.sql.empty()) {
            add_columns(rows_[number], seeds.rows, columns);
            return;
        }
        std::vector<std::size_t> key;
        for (std::size_t column : stage.keys.direct)
            key.push_back(columns[column]);
        add_keys(number, seeds.rows, key);
    }

    void add_keys(std::size_t number, const pg::RowSet &rows, const std::vector<std::size_t> &columns)
    {
        bool any_null = found_.keys.add(tview_.stages[number].key_columns, rows, columns);
        found_.keys.everything |= any_null && !tview_.order.all[number].elided;
    }

    void lock_and_step(std::size_t stage)
    {
        if (!locks_.exclusive())
            locks_.step(static_cast<int>(stage), far_tags(stage), near_tags(stage));
        auto next = static_cast<std::size_t>(tview_.order.all[stage].next);
        step(stage, tview_.stages[stage].step, {}, rows_[stage], rows_[next]);
        for (auto &[occurrence, rows] : std::exchange(copies_[stage], {})) {
            const catalog::CarryingStep &carrying = tview_.copies[occurrence]->steps.at(static_cast<int>(stage));
            step(stage, carrying.sql, carrying.picked_up, rows, copies_[next][occurrence]);
        }
    }

    void step(std::size_t stage, const plan::RowsStatement &sql, const std::vector<AttrNumber> &picked_up, Rows &rows, Rows &next)
    {
        if (!rows || rows->empty())
            return;
        const catalog::Stage &compiled = tview_.stages[stage];
        if (is_dearer_than_everything(tview_, sql, *rows, compiled.reader))
            return give_up();
        Rows found;
        if (rows->size() < large_set)
            found = step_by_index(tview_, stage, *rows, picked_up, moment_);
        if (!found)
            found = compiled.may_fail ? try_run(tview_, sql, *rows, compiled.reader, moment_)
                                      : refresh::run(tview_, sql, *rows, compiled.reader, moment_);
        rows.reset();
        if (!found)
            return give_up();
        if (!found->empty())
            add_columns(next, *found, pg::first_columns(found->width()));
        if (next && next->bytes() > catalog::seed_memory())
            give_up();
    }

    // The walk leads too far or nowhere: every document will be compared.  The stages go on for the locks of the seeds.
    void give_up()
    {
        found_.keys.everything = true;
        for (Rows &rows : rows_)
            rows.reset();
        for (auto &sets : copies_)
            for (auto &[occurrence, rows] : sets)
                rows.reset();
    }

    Tags far_tags(std::size_t stage)
    {
        const catalog::Stage &compiled = tview_.stages[stage];
        std::vector<Hash> functions;
        for (const catalog::JoinHash &hash : compiled.hashes)
            functions.push_back({hash.far, hash.collation});
        Tags far;
        if (!empty(stage))
            far = tags(*rows_[stage], compiled.far, functions);
        for (const auto &[occurrence, rows] : copies_[stage]) {
            Rows own;                             // what is carried is not the step's
            if (rows && !rows->empty())
                add_columns(own, *rows, pg::first_columns(tview_.order.all[stage].columns.size()));
            if (own)
                far.add(tags(*own, compiled.far, functions));
        }
        return far;
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
        for (auto &[occurrence, rows] : std::exchange(copies_[number], {}))
            if (rows && !rows->empty())
                collect_patches(number, occurrence, std::move(*rows));
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
        add_keys(number, rows, computed ? pg::first_columns(rows.width()) : stage.keys.direct);
        rows_[number].reset();
    }

    void collect_patches(std::size_t number, int occurrence, pg::RowSet rows)
    {
        const catalog::Stage &stage = tview_.stages[number];
        std::vector<std::size_t> key(stage.key_columns.size());
        for (std::size_t i = 0; i < key.size(); ++i)
            key[static_cast<std::size_t>(stage.key_columns[i])] = stage.keys.direct[i];
        found_.patches.add({occurrence, *changed_.at(occurrence), std::move(rows), tview_.order.all[number].columns.size()}, key);
    }

    catalog::Compiled &tview_;
    const SeedList &seeds_;
    FlushLocks &locks_;
    Moment moment_;
    std::vector<Rows> rows_;      // by stage
    std::vector<std::map<int, Rows>> copies_;   // by stage and occurrence
    std::map<int, const std::set<AttrNumber> *> changed_;
    Found found_;
};

}  // namespace

bool cannot_walk(const catalog::Compiled &tview, const SeedList &seeds)
{
    return std::any_of(seeds.begin(), seeds.end(), [&](const auto &item) {
        const auto &[slot, seed] = item;
        int occurrence = slot.occurrence;
        bool known = occurrence >= 0 && occurrence < static_cast<int>(tview.routes.size());
        if (!known || seed->everything || tview.routes[occurrence].everything)
            return true;
        if (slot.patch)
            return !tview.copies[occurrence] || seed->columns != tview.copies[occurrence]->columns;
        return seed->columns != tview.order.seed_columns[occurrence];
    });
}

Found walk(catalog::Compiled &tview, const SeedList &seeds, FlushLocks &locks, Moment moment)
{
    return Walker(tview, seeds, locks, moment).run();
}

namespace {

// Of documents known by these columns of the key.
Tags document_tags(const catalog::Compiled &tview, const std::vector<int> &part, const pg::RowSet &keys)
{
    if (tview.locked_key.empty() || keys.size() > static_cast<std::size_t>(catalog::settings().max_fine_locks))
        return {true, {}};        // there would be too many
    std::vector<std::size_t> columns;
    std::vector<Hash> functions;
    for (const catalog::LockedKey &key : tview.locked_key) {
        columns.push_back(static_cast<std::size_t>(std::find(part.begin(), part.end(), key.key_column) - part.begin()));
        functions.push_back({key.hash, key.collation});
    }
    return hashed(keys, columns, functions);
}

}  // namespace

Tags document_tags(const catalog::Compiled &tview, const Found &found)
{
    Tags tags{found.keys.everything, {}};
    for (const auto &[part, rows] : found.keys.parts)
        tags.add(document_tags(tview, part, rows));
    if (!found.patches.empty())
        tags.add(document_tags(tview, found.patches.whole_key(), *found.patches.documents()));
    return tags;
}

}  // namespace tviews::refresh
