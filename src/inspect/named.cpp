// Finding TVIEWs by name; see named.hpp.
#include "inspect/named.hpp"

#include <algorithm>
#include <tuple>

#include "catalog/meta.hpp"

namespace tviews::inspect {

namespace {

// What RangeVarGetRelid() refuses for want of USAGE on the schema; nothing if that is not why it would.  C-side: may raise.
Oid closed_to_caller(const RangeVar *range)
{
    if (range->schemaname == nullptr || range->catalogname != nullptr)
        return InvalidOid;
    Oid schema = get_namespace_oid(range->schemaname, true);
    if (!OidIsValid(schema) || pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
        return InvalidOid;
    return get_relname_relid(range->relname, schema);
}

}  // namespace

Oid named_relation(text *name)
{
    return pg::call([&] {
        RangeVar *range = makeRangeVarFromNameList(textToQualifiedNameList(name));
        Oid closed = is_monitor() ? closed_to_caller(range) : InvalidOid;
        return OidIsValid(closed) ? closed : RangeVarGetRelid(range, NoLock, false);
    });
}

bool is_monitor()
{
    return has_privs_of_role(GetUserId(), ROLE_PG_MONITOR);
}

std::shared_ptr<catalog::Compiled> named_tview(text *name)
{
    Oid table = named_relation(name);
    if (!catalog::find_tview(table)) {
        std::string relation = pg::call([&]() -> const char * { return get_rel_name(table); });
        pg::raise({ERRCODE_WRONG_OBJECT_TYPE, "\"" + relation + "\" is not a TVIEW", "",
                   "pg_tviews_registry lists the TVIEWs of this database."});
    }
    return catalog::compiled(table);
}

std::vector<std::shared_ptr<catalog::Compiled>> all_tviews()
{
    std::vector<std::shared_ptr<catalog::Compiled>> all;
    for (const catalog::Tview &tview : catalog::all_tviews())
        all.push_back(catalog::compiled(tview.table));
    std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
        return std::tuple(a->rank, a->tview.table) < std::tuple(b->rank, b->tview.table);
    });
    return all;
}

std::vector<std::shared_ptr<catalog::Compiled>> named_tviews(FunctionCallInfo fcinfo, int argument)
{
    if (!PG_ARGISNULL(argument))
        return {named_tview(pg::call([&] { return PG_GETARG_TEXT_PP(argument); }))};
    return all_tviews();
}

void check_owner(const catalog::Compiled &tview, const std::string &what)
{
    if (!pg::call([&] { return pg_class_ownercheck(tview.tview.table, GetUserId()); }))
        pg::raise({ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for TVIEW " + tview.name(),
                   "Only the owner of a TVIEW can " + what + " it."});
}

}  // namespace tviews::inspect
