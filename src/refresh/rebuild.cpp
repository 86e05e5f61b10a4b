// Choosing how to compare, and saying what went wrong; see rebuild.hpp.
#include "refresh/rebuild.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "pg/subtransaction.hpp"
#include "pg/row_parameters.hpp"
#include "plan/rebuild_sql.hpp"
#include "refresh/identity.hpp"
#include "refresh/writer.hpp"
#include "stats/flushes.hpp"
#include "stats/progress.hpp"

namespace tviews::refresh {

namespace {

// Below this many keys the per-key plan is taken without asking the planner for estimates.
constexpr std::size_t few_keys = 10;
// Keys of one statement: past so many its arrays cost memory and gain nothing.
constexpr std::size_t batch = 50000;

// Whether a constraint of this name is the TVIEW's primary key.
bool is_key(const catalog::Compiled &tview, const char *constraint)
{
    return constraint != nullptr && pg::call([&] {
        Relation table = relation_open(tview.tview.table, NoLock);
        Oid index = RelationGetPrimaryKeyIndex(table);
        relation_close(table, NoLock);
        const char *name = OidIsValid(index) ? get_rel_name(index) : nullptr;
        return name != nullptr && std::strcmp(name, constraint) == 0;
    });
}

bool is_key_column(const catalog::Compiled &tview, const char *column)
{
    const auto &key = tview.tview.key;
    return column != nullptr && std::find(key.begin(), key.end(), column) != key.end();
}

// What PostgreSQL says of the table's primary key, in terms of the TVIEW.  What it says of constraints that users have added
// to the table stays as it is.
void translate(const catalog::Compiled &tview, ErrorData *error, Moment moment)
{
    auto replace = [&](int sqlstate, const std::string &message, const char *hint, const std::string &detail = "") {
        pg::call([&] {
            error->sqlerrcode = sqlstate;
            error->message = pstrdup(message.c_str());
            error->detail = detail.empty() ? error->detail : pstrdup(detail.c_str());
            error->hint = pstrdup(hint);
        });
    };
    bool on_tview = error->table_name != nullptr && error->schema_name != nullptr &&
                    tview.tview.schema == error->schema_name && "tv_" + tview.tview.entity == error->table_name;
    if (!on_tview)
        return;
    if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION && is_key_column(tview, error->column_name))
        replace(ERRCODE_NOT_NULL_VIOLATION, fmt::format("the query of TVIEW {} gives a row whose key is null", tview.name()),
                "Filter such rows out of the query or give them a key with COALESCE.",
                fmt::format("Key column \"{}\" is null. {}", error->column_name, error->detail ? error->detail : ""));
    if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION || !is_key(tview, error->constraint_name))
        return;
    if (moment == Moment::read && IsolationUsesXactSnapshot())
        replace(ERRCODE_T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update",
                "The transaction might succeed if retried.");
    else
        replace(ERRCODE_UNIQUE_VIOLATION, fmt::format("the query of TVIEW {} gives two rows with one key", tview.name()),
                "A TVIEW's key must be unique in its query; correct the data or redefine the TVIEW.");
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

// Calls run(from, to) for one batch of keys after the other; for all at once where equal keys may look different, because one
// document must not be compared twice.
template <class Run>
void in_batches(const catalog::Compiled &tview, const pg::RowSet &keys, const Run &run)
{
    const auto &key = tview.analysis.key;
    bool identical = std::all_of(key.begin(), key.end(), [](const model::KeyColumn &column) { return column.identical; });
    std::size_t step = identical ? batch : keys.size();
    for (std::size_t from = 0; from < keys.size(); from += step)
        run(from, std::min(from + step, keys.size()));
}

// The table, where stored rows can be looked up by all columns of the key.
class LookupTable {
public:
    LookupTable(catalog::Compiled &tview, const std::vector<int> &part)
        : table_(pg::call([&] { return table_open(tview.tview.table, AccessShareLock); })),
          possible_(part.size() == tview.tview.key.size() && StoredRows::is_possible(table_, tview))
    {
    }
    void close() { pg::call([&] { table_close(table_, NoLock); }); }
    Relation get() const { return table_; }
    bool is_possible() const { return possible_; }

private:
    Relation table_;
    bool possible_;
};

// Comparing documents with these values of the key columns `part`.
class KeyComparison {
public:
    KeyComparison(catalog::Compiled &tview, const std::vector<int> &part, const pg::RowSet &keys)
        : tview_(tview), part_(part), keys_(keys), text_(tview.comparisons(part)), table_(tview, part)
    {
    }

    void run(Differences &differences, Moment moment)
    {
        if (keys_.size() == 1)
            one(differences, 0, moment);
        else if (one_pass_is_cheaper())
            differences.compare(tview_.statement(text_.bulk, pg::array_types(keys_)), pg::as_arrays(keys_), true, moment);
        else
            in_batches(tview_, keys_, [&](std::size_t from, std::size_t to) { several(differences, from, to, moment); });
        table_.close();
    }

private:
    pg::Statement &per_key()
    {
        return tview_.statement(table_.is_possible() ? text_.query_some : text_.some, pg::array_types(keys_));
    }

    // Whether one pass over the query costs less than a lookup per key, by the planner's estimates: above all, whether the
    // lookups have the indexes they need.
    bool one_pass_is_cheaper()
    {
        if (keys_.size() < few_keys)
            return false;
        RoleScope role(tview_.owner, Security::restricted);     // planning runs functions of the query
        double each = per_key().processor_cost() / pg::assumed_elements;
        double all = tview_.statement(text_.all, {}).processor_cost();
        return each * static_cast<double>(keys_.size()) > document_factor * all;
    }

    void compare(Differences &differences, pg::Statement &statement, const pg::Parameters &parameters,
                 const std::optional<pg::KeySpan> &span, Moment moment)
    {
        if (table_.is_possible())
            differences.look_up(statement, parameters, part_, span, table_.get(), moment);
        else
            differences.compare(statement, parameters, false, moment);
    }

    void one(Differences &differences, std::size_t number, Moment moment)
    {
        const std::string &text = table_.is_possible() ? text_.query_one : text_.one;
        compare(differences, tview_.statement(text, pg::value_types(keys_)), pg::as_values(keys_, number), {}, moment);
    }

    // If one of the documents cannot be built, finds it, so that the error can name it.
    void several(Differences &differences, std::size_t from, std::size_t to, Moment moment)
    {
        auto span = pg::dense_span(keys_, from, to);
        ErrorData *failure =
            pg::attempt([&] { compare(differences, per_key(), pg::as_arrays(keys_, from, to), span, moment); });
        if (failure == nullptr)
            return;
        if (!pg::is_about_data(failure))
            throw pg::Error(failure);
        for (std::size_t number = from; number < to; ++number) {
            try {
                Differences alone(tview_);
                one(alone, number, moment);
            } catch (const pg::Error &error) {
                explain_failure(tview_, "document " + keys_.describe(number), error.data(), moment);
            }
        }
        explain_failure(tview_, fmt::format("{} documents", keys_.size()), failure, moment);
    }

    catalog::Compiled &tview_;
    const std::vector<int> &part_;
    const pg::RowSet &keys_;
    const plan::Comparisons &text_;
    LookupTable table_;
};

Written write(catalog::Compiled &tview, Differences &differences, Moment moment)
{
    differences.check_new_keys(moment);
    stats::PhaseScope phase(stats::Phase::write);
    write_differences(tview, differences, moment);
    Written written = differences.counts();
    differences.close();
    return written;
}

void rebuild_everything(catalog::Compiled &tview, Moment moment, Written &written)
{
    auto *progress = stats::Progress::running();
    Differences differences(tview, progress);
    differences.compare(tview.statement(plan::compare_all(tview.relations, tview.analysis.key), {}), {}, false, moment);
    if (progress != nullptr)
        progress->phase("writing", differences.counts().total());
    written += write(tview, differences, moment);
}

std::string describe(const pg::RowSet &keys)
{
    return keys.size() == 1 ? "document " + keys.describe(0) : fmt::format("{} documents", keys.size());
}

}  // namespace

Written rebuild(catalog::Compiled &tview, Found &found, Moment moment)
{
    Written written;
    std::string about = "all documents";
    try {
        if (found.keys.everything) {
            rebuild_everything(tview, moment, written);
            return written;
        }
        if (!found.patches.empty()) {
            about = describe(*found.patches.documents());
            written += found.patches.apply(tview, moment, found.keys);
        }
        for (auto &[part, rows] : found.keys.parts) {
            if (rows.empty())
                continue;
            rows.sort();
            about = describe(rows);
            Differences differences(tview);
            KeyComparison(tview, part, rows).run(differences, moment);
            written += write(tview, differences, moment);
        }
        return written;
    } catch (const Explained &) {
        throw;
    } catch (const pg::Error &error) {
        explain_failure(tview, about, error.data(), moment);
    }
}

}  // namespace tviews::refresh
