// Names in values; see shown_names.hpp.
#include "ddl/shown_names.hpp"

#include <algorithm>

#include "pg/walk.hpp"

namespace tviews::ddl {

namespace {

// Types whose values are OIDs, and whose text is what the object is called.
bool is_called_by_name(Oid type)
{
    constexpr Oid types[] = {REGCLASSOID,    REGPROCOID, REGPROCEDUREOID, REGOPEROID,     REGOPERATOROID,
                             REGTYPEOID,     REGROLEOID, REGNAMESPACEOID, REGCOLLATIONOID};
    return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

}  // namespace

void collect_types(Oid type, std::set<Oid> &types)
{
    if (!OidIsValid(type) || !types.insert(type).second)
        return;
    collect_types(pg::call(get_element_type, type), types);
    collect_types(pg::call([&] { return type_is_range(type) ? get_range_subtype(type) : InvalidOid; }), types);
    collect_types(pg::call([&] { return type_is_multirange(type) ? get_multirange_range(type) : InvalidOid; }), types);
    Oid base = pg::call(getBaseType, type);
    if (base != type)
        collect_types(base, types);
    if (!OidIsValid(pg::call(get_typ_typrelid, type)))
        return;
    TupleDesc row = pg::call([&] { return lookup_rowtype_tupdesc_copy(type, -1); });
    for (int i = 0; i < row->natts; ++i)
        if (!TupleDescAttr(row, i)->attisdropped)
            collect_types(TupleDescAttr(row, i)->atttypid, types);
}

bool shows_names(Node *node)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Query))
        return pg::walk_query_children(reinterpret_cast<Query *>(node), 0, shows_names);
    if (IsA(node, Var) || IsA(node, Const) || IsA(node, FuncExpr) || IsA(node, RelabelType) || IsA(node, CoerceViaIO)) {
        std::set<Oid> types;
        collect_types(pg::call(exprType, node), types);
        if (std::any_of(types.begin(), types.end(), is_called_by_name))
            return true;
    }
    return pg::walk_children(node, shows_names);
}

bool calls_otherwise(Node *parsetree)
{
    if (!IsA(parsetree, RenameStmt))
        return IsA(parsetree, AlterObjectSchemaStmt);
    ObjectType kind = reinterpret_cast<RenameStmt *>(parsetree)->renameType;
    return kind != OBJECT_COLUMN && kind != OBJECT_ATTRIBUTE && kind != OBJECT_TABCONSTRAINT && kind != OBJECT_TRIGGER;
}

}  // namespace tviews::ddl
