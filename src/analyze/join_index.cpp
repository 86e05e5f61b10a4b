// Finding indexes over join columns; see join_index.hpp.
#include "analyze/join_index.hpp"

#include "pg/indexes.hpp"

namespace tviews::analyze {

namespace {

struct Found {
    Oid index = InvalidOid;
    int width = 0;
    std::size_t order[INDEX_MAX_KEYS] = {};
};

// Whether the index' equality for its column is that one.  C-side, as is what follows.
bool serves(Oid index_class, Oid collation, const Equated &equated)
{
    Oid left, right;
    op_input_types(equated.operation, &left, &right);
    Oid type = get_opclass_input_type(index_class), family = get_opclass_family(index_class);
    return family == lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf && left == type && right == type &&
           collation == equated.collation && get_op_opfamily_strategy(equated.operation, family) == BTEqualStrategyNumber;
}

bool match(HeapTuple tuple, TupleDesc shape, const std::vector<Equated> &columns, Found &found)
{
    auto *form = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple));
    if (form->indnkeyatts < static_cast<int>(columns.size()) || !pg::is_whole_index(tuple, shape))
        return false;
    const Oid *classes = pg::oids_of(tuple, shape, Anum_pg_index_indclass);
    const Oid *collations = pg::oids_of(tuple, shape, Anum_pg_index_indcollation);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t at = 0;
        while (at < columns.size() && columns[at].column != form->indkey.values[i])
            ++at;
        if (at == columns.size() || !serves(classes[i], collations[i], columns[at]))
            return false;
        found.order[i] = at;
    }
    found.index = form->indexrelid;
    found.width = form->indnkeyatts;
    return true;
}

bool is_better(const Found &one, const Found &other)
{
    return !OidIsValid(other.index) || one.width < other.width || (one.width == other.width && one.index < other.index);
}

}  // namespace

std::optional<JoinIndex> join_index(Oid relation, const std::vector<Equated> &columns)
{
    Found best;
    pg::call([&] {
        if (columns.empty() || columns.size() > INDEX_MAX_KEYS || get_rel_relkind(relation) != RELKIND_RELATION)
            return;
        pg::each_index(relation, [&](HeapTuple tuple, TupleDesc shape) {
            Found found;
            if (match(tuple, shape, columns, found) && is_better(found, best))
                best = found;
            return true;
        });
    });
    if (!OidIsValid(best.index))
        return std::nullopt;
    return JoinIndex{best.index, {best.order, best.order + columns.size()}};
}

}  // namespace tviews::analyze
