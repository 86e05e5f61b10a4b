// Finding TVIEWs by name; see named.hpp.
#include "inspect/named.hpp"

#include <algorithm>
#include <tuple>

#include "catalog/meta.hpp"

namespace tviews::inspect {

std::shared_ptr<catalog::Compiled> named_tview(text *name)
{
    struct Found {
        Oid table;
        const char *name;
    };
    Found found = pg::call([&] {
        RangeVar *range = makeRangeVarFromNameList(textToQualifiedNameList(name));
        return Found{RangeVarGetRelid(range, NoLock, false), range->relname};
    });
    if (!catalog::find_tview(found.table))
        pg::raise({ERRCODE_WRONG_OBJECT_TYPE, std::string("\"") + found.name + "\" is not a TVIEW", "",
                   "pg_tviews_registry lists the TVIEWs of this database."});
    return catalog::compiled(found.table);
}

std::vector<std::shared_ptr<catalog::Compiled>> named_tviews(FunctionCallInfo fcinfo, int argument)
{
    if (!PG_ARGISNULL(argument))
        return {named_tview(pg::call([&] { return PG_GETARG_TEXT_PP(argument); }))};
    std::vector<std::shared_ptr<catalog::Compiled>> all;
    for (const catalog::Tview &tview : catalog::all_tviews())
        all.push_back(catalog::compiled(tview.table));
    std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
        return std::tuple(a->rank, a->tview.table) < std::tuple(b->rank, b->tview.table);
    });
    return all;
}

void check_owner(const catalog::Compiled &tview, const std::string &what)
{
    if (!pg::call([&] { return pg_class_ownercheck(tview.tview.table, GetUserId()); }))
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for TVIEW " + tview.name(),
                   "Only the owner of a TVIEW can " + what + " it."});
}

}  // namespace tviews::inspect
