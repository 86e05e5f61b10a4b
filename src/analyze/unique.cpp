// Reading pg_index; see unique.hpp.
#include "analyze/unique.hpp"

#include <algorithm>

#include "pg/indexes.hpp"

namespace tviews::analyze {

namespace {

// What a scan of pg_index finds, as plain data: it is filled under the guard.
struct Found {
    Oid index = InvalidOid;
    bool primary = false;
    int count = 0;
    AttrNumber columns[INDEX_MAX_KEYS] = {};
};

struct Wanted {
    const AttrNumber *columns;
    int count;                    // -1: any
    bool never_null;
    bool has(AttrNumber column) const { return count < 0 || std::find(columns, columns + count, column) != columns + count; }
};

// C-side.
bool is_not_null(Oid relation, AttrNumber column)
{
    HeapTuple tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation), Int16GetDatum(column));
    bool not_null = HeapTupleIsValid(tuple) && reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attnotnull;
    if (HeapTupleIsValid(tuple))
        ReleaseSysCache(tuple);
    return not_null;
}

// What pg_index says: whether the index lets no two rows agree in these columns, by their types' own equality.  C-side.
bool is_unique_in(HeapTuple tuple, TupleDesc desc, const Wanted &wanted)
{
    auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    bool unique = form->indisunique && form->indimmediate && pg::is_whole_index(tuple, desc);
    const Oid *classes = pg::oids_of(tuple, desc, Anum_pg_index_indclass);
    const Oid *collations = pg::oids_of(tuple, desc, Anum_pg_index_indcollation);
    for (int i = 0; i < form->indnkeyatts && unique; ++i) {
        AttrNumber column = form->indkey.values[i];
        unique = wanted.has(column) && (!wanted.never_null || is_not_null(form->indrelid, column));
        if (!unique)
            break;
        Oid type, collation;
        int32 modifier;
        get_atttypetypmodcoll(form->indrelid, column, &type, &modifier, &collation);
        unique = get_opclass_family(classes[i]) == lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf &&
                 collations[i] == collation;
    }
    return unique;
}

// C-side.
void look(Oid relation, const Wanted &wanted, Found &found)
{
    pg::each_index(relation, [&](HeapTuple tuple, TupleDesc desc) {
        auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
        bool better = form->indisprimary || !OidIsValid(found.index) || form->indexrelid < found.index;
        if (!better || !is_unique_in(tuple, desc, wanted))
            return true;
        found.index = form->indexrelid;
        found.primary = form->indisprimary;
        found.count = form->indnkeyatts;
        std::copy(form->indkey.values, form->indkey.values + form->indnkeyatts, found.columns);
        return !found.primary;
    });
}

}  // namespace

std::optional<UniqueIndex> unique_index(Oid relation, const std::set<model::AttributeNumber> *among, bool never_null)
{
    std::vector<AttrNumber> list;
    if (among != nullptr)
        list.assign(among->begin(), among->end());
    Wanted wanted{list.data(), among == nullptr ? -1 : static_cast<int>(list.size()), never_null};
    Found found;
    pg::call([&] {
        if (get_rel_relkind(relation) == RELKIND_RELATION && !has_subclass(relation))
            look(relation, wanted, found);
    });
    if (!OidIsValid(found.index))
        return std::nullopt;
    return UniqueIndex{found.index, {found.columns, found.columns + found.count}};
}

bool is_own_equality(Oid operation, Oid collation, Oid relation, model::AttributeNumber column)
{
    return column > 0 && pg::call([&] {
        Oid type, own;
        int32 modifier;
        get_atttypetypmodcoll(relation, column, &type, &modifier, &own);
        Oid family = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
        return OidIsValid(family) && get_op_opfamily_strategy(operation, family) == BTEqualStrategyNumber &&
               (collation == own || !OidIsValid(own));
    });
}

}  // namespace tviews::analyze
