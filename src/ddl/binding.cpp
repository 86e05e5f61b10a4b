// Recording the bond between table and backing view; see binding.hpp.
#include "ddl/binding.hpp"

namespace tviews::ddl {

namespace {

// C-side: may raise.
bool is_bound(Oid table, Oid view)
{
    bool bound = false;
    Relation depend = table_open(DependRelationId, AccessShareLock);
    ScanKeyData keys[2];
    ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
    ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(view));
    SysScanDesc scan = systable_beginscan(depend, DependDependerIndexId, true, nullptr, 2, keys);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
        auto *form = reinterpret_cast<Form_pg_depend>(GETSTRUCT(tuple));
        bound |= form->refclassid == RelationRelationId && form->refobjid == table && form->deptype == DEPENDENCY_INTERNAL;
    }
    systable_endscan(scan);
    table_close(depend, AccessShareLock);
    return bound;
}

}  // namespace

void bind(Oid table, Oid view)
{
    pg::call([&] {
        if (is_bound(table, view))
            return;
        ObjectAddress dependent{RelationRelationId, view, 0}, referenced{RelationRelationId, table, 0};
        recordDependencyOn(&dependent, &referenced, DEPENDENCY_INTERNAL);
    });
}

}  // namespace tviews::ddl
