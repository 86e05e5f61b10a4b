// Comparing shared values; see shared_values.hpp.
#include "refresh/shared_values.hpp"

#include <algorithm>
#include <set>

#include "pg/subtransaction.hpp"
#include "refresh/identity.hpp"

namespace tviews::refresh {

namespace {

// A part that gives more rows is not worth comparing.
constexpr std::size_t most_rows = 1000;

enum class Time { before, after };

// The rows of a shared value as text, in an order of their own unless it gives them one; one row too many if there are too many.
std::vector<std::string> rows(catalog::Compiled &tview, const model::SharedValue &value, Moment moment, Time time)
{
    RoleScope role(value.reader != 0 ? value.reader : tview.owner, Security::restricted);
    SnapshotScope snapshot(moment);
    if (time == Time::before)
        pg::call([] {
            PushCopiedSnapshot(GetActiveSnapshot());
            GetActiveSnapshot()->curcid = FirstCommandId;
        });
    std::vector<std::string> found;
    std::string sql = "SELECT ROW(\"?\".*)::pg_catalog.text FROM (" + value.sql + ") AS \"?\" LIMIT " +
                      std::to_string(most_rows + 1);
    tview.statement(sql, {}).query({}, false, [&](TupleTableSlot *slot) {
        found.push_back(pg::text_column(slot, 1).value_or(""));
    });
    if (time == Time::before)
        pg::call(PopActiveSnapshot);
    if (!value.ordered)
        std::sort(found.begin(), found.end());
    return found;
}

// Whether the relation, or one of its children, has new storage since this transaction began.
bool has_new_storage(Oid relation)
{
    return pg::call([&] {
        List *family = find_all_inheritors(relation, AccessShareLock, nullptr);
        bool found = false;
        for (int i = 0; i < family->length; ++i) {
            Relation open = relation_open(lfirst_oid(&family->elements[i]), NoLock);
            found |= open->rd_createSubid != InvalidSubTransactionId || open->rd_firstRelfilenodeSubid != InvalidSubTransactionId;
            relation_close(open, NoLock);
        }
        return found;
    });
}

bool can_look_back(const catalog::Compiled &tview, int shared_value)
{
    if (has_new_storage(tview.tview.table))
        return false;
    for (const model::Occurrence &occurrence : tview.analysis.occurrences)
        if (occurrence.shared_value == shared_value && has_new_storage(occurrence.relation))
            return false;
    return true;
}

bool holds(catalog::Compiled &tview, int number, Moment moment)
{
    const model::SharedValue &value = tview.analysis.shared_values[number];
    if (!can_look_back(tview, number))
        return false;
    // Run by itself, the part may raise an error that the query keeps from it: then nothing is known.
    bool same = false;
    ErrorData *failure = pg::attempt([&] {
        auto after = rows(tview, value, moment, Time::after);
        same = after.size() <= most_rows && after == rows(tview, value, moment, Time::before);
    });
    if (failure != nullptr && !pg::is_about_data(failure))
        throw pg::Error(failure);
    return same;
}

}  // namespace

bool shared_values_hold(catalog::Compiled &tview, const SeedList &seeds, Moment moment)
{
    std::set<int> touched;
    for (const auto &item : seeds) {
        if (!cannot_walk(tview, {item}))
            continue;
        int occurrence = item.first.occurrence;
        bool known = occurrence >= 0 && occurrence < static_cast<int>(tview.routes.size());
        if (!known || !tview.routes[occurrence].everything || tview.analysis.occurrences[occurrence].shared_value < 0)
            return false;
        touched.insert(tview.analysis.occurrences[occurrence].shared_value);
    }
    // Floating-point numbers as text that tells all of them apart.
    PinnedSettingsScope settings(catalog::PinnedSettings{{"extra_float_digits", "3"}});
    return std::all_of(touched.begin(), touched.end(), [&](int number) { return holds(tview, number, moment); });
}

}  // namespace tviews::refresh
