// The indexes of a table, as pg_index tells of them.  C-side.
#pragma once

#include "pg/guard.hpp"

namespace tviews::pg {

// Calls visit(tuple, shape) for each of them while it returns true.  Locks nothing but the catalog.
template <class Visit>
void each_index(Oid relation, const Visit &visit)
{
    Relation indexes = table_open(IndexRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(indexes, IndexIndrelidIndexId, true, nullptr, 1, &key);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = systable_getnext(scan)) && visit(tuple, RelationGetDescr(indexes)))
        ;
    systable_endscan(scan);
    table_close(indexes, AccessShareLock);
}

// A column of pg_index that holds an OID for each of the index' columns.
inline const Oid *oids_of(HeapTuple tuple, TupleDesc shape, int column)
{
    bool is_null;
    return reinterpret_cast<oidvector *>(DatumGetPointer(heap_getattr(tuple, column, shape, &is_null)))->values;
}

// Whether all rows are in it, by columns alone.
inline bool is_whole_index(HeapTuple tuple, TupleDesc shape)
{
    return reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indisvalid && heap_attisnull(tuple, Anum_pg_index_indpred, shape) &&
           heap_attisnull(tuple, Anum_pg_index_indexprs, shape);
}

}  // namespace tviews::pg
