// Lookups of stored rows; see stored_rows.hpp.
#include "refresh/stored_rows.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>

namespace tviews::refresh {

int column_position(const catalog::Compiled &tview, Relation table, const char *column)
{
    TupleDesc desc = RelationGetDescr(table);
    for (int i = 0; i < desc->natts; ++i)
        if (!TupleDescAttr(desc, i)->attisdropped && std::strcmp(NameStr(TupleDescAttr(desc, i)->attname), column) == 0)
            return i;
    pg::raise({ERRCODE_UNDEFINED_COLUMN, fmt::format("TVIEW {} has lost its column \"{}\"", tview.name(), column)});
}

namespace {

// The columns of the table's primary key, from 0; none, if it has no key that holds at any moment.
std::vector<int> primary_key(Relation table)
{
    int columns[INDEX_MAX_KEYS];
    int width = pg::call([&] {
        Oid index = RelationGetPrimaryKeyIndex(table);
        if (!OidIsValid(index))
            return 0;
        Relation relation = index_open(index, AccessShareLock);
        int found = relation->rd_index->indisvalid ? relation->rd_index->indnkeyatts : 0;
        for (int i = 0; i < found; ++i)
            columns[i] = relation->rd_index->indkey.values[i] - 1;
        index_close(relation, NoLock);
        return found;
    });
    return {columns, columns + width};
}

}  // namespace

std::vector<int> column_positions(const catalog::Compiled &tview, Relation table)
{
    std::vector<int> positions;
    for (const std::string &column : tview.tview.columns)
        positions.push_back(column_position(tview, table, column.c_str()));
    return positions;
}

bool StoredRows::is_possible(Relation table, const catalog::Compiled &tview)
{
    if (table->rd_rel->relkind != RELKIND_RELATION || table->rd_rel->relhassubclass)
        return false;
    std::vector<int> primary = primary_key(table), key;
    for (const std::string &column : tview.tview.key)
        key.push_back(column_position(tview, table, column.c_str()));
    std::sort(primary.begin(), primary.end());
    std::sort(key.begin(), key.end());
    return primary == key;
}

StoredRows::StoredRows(const catalog::Compiled &tview, Relation table, const std::vector<int> &key)
    : table_(table), positions_(column_positions(tview, table))
{
    for (int column : primary_key(table)) {
        auto at = std::find_if(key.begin(), key.end(), [&](int part) {
            return column_position(tview, table, tview.tview.key[static_cast<std::size_t>(part)].c_str()) == column;
        });
        order_.push_back(static_cast<std::size_t>(at - key.begin()));
    }
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
