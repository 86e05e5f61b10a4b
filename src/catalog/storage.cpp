// How a TVIEW's table holds its documents; see Storage in compiled.hpp.  Looked up once: a change of the table drops the entry.
#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "catalog/compiled.hpp"

namespace tviews::catalog {

namespace {

int column_position(const Compiled &tview, Relation table, const char *column)
{
    TupleDesc desc = RelationGetDescr(table);
    for (int i = 0; i < desc->natts; ++i)
        if (!TupleDescAttr(desc, i)->attisdropped && std::strcmp(NameStr(TupleDescAttr(desc, i)->attname), column) == 0)
            return i;
    pg::raise({ERRCODE_UNDEFINED_COLUMN, fmt::format("TVIEW {} has lost its column \"{}\"", tview.name(), column)});
}

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

// Each column as a place among the others; empty if these are other columns.
std::vector<int> places_among(const std::vector<int> &columns, const std::vector<int> &others)
{
    std::vector<int> places;
    for (int column : columns) {
        auto at = std::find(others.begin(), others.end(), column);
        if (at == others.end() || columns.size() != others.size())
            return {};
        places.push_back(static_cast<int>(at - others.begin()));
    }
    return places;
}

}  // namespace

const Storage &Compiled::storage(Relation table)
{
    if (storage_)
        return *storage_;
    auto position = [&](const std::string &column) { return column_position(*this, table, column.c_str()); };
    Storage found;
    std::transform(tview.columns.begin(), tview.columns.end(), std::back_inserter(found.columns), position);
    if (tview.stamps)
        found.stamp = position("updated_at");
    std::vector<int> key;
    std::transform(tview.key.begin(), tview.key.end(), std::back_inserter(key), position);
    found.primary_key = places_among(primary_key(table), key);
    return storage_.emplace(std::move(found));
}

}  // namespace tviews::catalog
