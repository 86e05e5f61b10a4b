// Lookups of stored rows; see stored_rows.hpp.
#include "refresh/stored_rows.hpp"

#include <algorithm>

namespace tviews::refresh {

bool StoredRows::is_possible(Relation table, catalog::Compiled &tview)
{
    return table->rd_rel->relkind == RELKIND_RELATION && !table->rd_rel->relhassubclass && !tview.storage(table).primary_key.empty() &&
           pg::call([&] { return pg::is_usable(RelationGetPrimaryKeyIndex(table)); });
}

StoredRows::StoredRows(catalog::Compiled &tview, Relation table, const std::vector<int> &key)
    : table_(table), positions_(tview.storage(table).columns)
{
    for (int part : tview.storage(table).primary_key)
        order_.push_back(static_cast<std::size_t>(std::find(key.begin(), key.end(), part) - key.begin()));
}

void StoredRows::open(const std::optional<pg::KeySpan> &span)
{
    lookup_.open(table_, RelationGetPrimaryKeyIndex(table_), span);
}

TupleTableSlot *StoredRows::fetch(const Datum *key)
{
    Datum ordered[INDEX_MAX_KEYS];
    for (std::size_t i = 0; i < order_.size(); ++i)
        ordered[i] = key[order_[i]];
    return lookup_.fetch(ordered);
}

bool StoredRows::same(const TupleTableSlot *row, std::size_t column, Datum value, bool null) const
{
    int i = positions_[column];
    if (null || row->tts_isnull[i])
        return null == row->tts_isnull[i];
    Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table_), i);
    return datum_image_eq(value, row->tts_values[i], attribute->attbyval, attribute->attlen);
}

}  // namespace tviews::refresh
