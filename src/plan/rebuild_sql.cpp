// Writing comparison and write statements; see rebuild_sql.hpp.  Aliases: k keys, v the query's rows, t the stored rows.
#include "plan/rebuild_sql.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <functional>
#include <set>

#include "plan/identifier.hpp"

namespace tviews::plan {

namespace {

using Key = std::vector<model::KeyColumn>;

std::string joined(std::size_t count, const char *separator, const std::function<std::string(std::size_t)> &item)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += (i ? separator : "") + item(i);
    return text;
}

std::string columns_of(const Relations &relations, const std::string &alias)
{
    return joined(relations.columns.size(), ", ",
                  [&](std::size_t i) { return alias + "." + quote_name(relations.columns[i]); });
}

// The select list all comparisons share; ?found is NULL on the side that has no row.
std::string verdict(const Relations &relations)
{
    return fmt::format("SELECT CASE WHEN t.\"?found\" IS NULL THEN 'i' WHEN v.\"?found\" IS NULL THEN 'd' WHEN "
                       "pg_catalog.record_image_eq(ROW({}), ROW({})) THEN 's' ELSE 'u' END::pg_catalog.\"char\" AS \"?action\", t.\"?tid\" AS \"?tid\", {}",
                       columns_of(relations, "v"), columns_of(relations, "t"), columns_of(relations, "v"));
}

std::string query_rows(const Relations &relations, const std::string &restriction)
{
    return fmt::format("(SELECT true AS \"?found\", {} FROM {} AS q{}) AS v", columns_of(relations, "q"), relations.view, restriction);
}

std::string stored_rows(const Relations &relations, const std::string &restriction)
{
    return fmt::format("(SELECT true AS \"?found\", q.ctid AS \"?tid\", {} FROM {} AS q{}) AS t", columns_of(relations, "q"),
                       relations.table, restriction);
}

std::string key_equality(const Key &key, const std::string &left, const std::string &right)
{
    return joined(key.size(), " AND ", [&](std::size_t i) {
        return fmt::format("{}.{} {} {}.{}", left, quote_name(key[i].name), key[i].equals, right, quote_name(key[i].name));
    });
}

// The keys as rows.  They come each once and in their own order, as long as equal is identical; DISTINCT makes 1.0 and 1.00 one
// document, at the price of looking documents up in random order.
std::string keys_from_arrays(const Key &key, const std::vector<int> &part)
{
    bool identical = std::all_of(part.begin(), part.end(), [&](int column) { return key[column].identical; });
    return std::string("(SELECT ") + (identical ? "" : "DISTINCT ") + joined(part.size(), ", ", [&](std::size_t i) {
        return fmt::format("{} AS k{}", key[part[i]].type.unnested(i + 1), i + 1);
    }) + ")";
}

std::string matches_key(const Key &key, const std::vector<int> &part)
{
    return joined(part.size(), " AND ", [&](std::size_t i) {
        return fmt::format("q.{} {} k.k{}", quote_name(key[part[i]].name), key[part[i]].equals, i + 1);
    });
}

std::string assignments(const Relations &relations, bool update)
{
    std::string names = joined(relations.columns.size(), ", ", [&](std::size_t i) { return quote_name(relations.columns[i]); });
    std::string values = joined(relations.columns.size(), ", ", [](std::size_t i) { return fmt::format("${}", i + 1); });
    if (relations.stamps) {
        names += ", updated_at";
        values += ", pg_catalog.now()";
    }
    return update ? fmt::format("SET ({}) = ROW({})", names, values) : fmt::format("({}) VALUES ({})", names, values);
}

// Whether the row has been written as the parameters say: a trigger may have changed it.
std::string as_given(const Relations &relations)
{
    auto columns = [&](auto &&of) { return joined(relations.columns.size(), ", ", of); };
    return fmt::format(" RETURNING pg_catalog.record_image_eq(ROW({}), ROW({}))",
                       columns([&](std::size_t i) { return quote_name(relations.columns[i]); }),
                       columns([](std::size_t i) { return fmt::format("${}", i + 1); }));
}

}  // namespace

namespace {

std::string keys_from_values(const Key &key, const std::vector<int> &part)
{
    return "(SELECT " + joined(part.size(), ", ", [&](std::size_t i) {
        return fmt::format("{} AS k{}", key[part[i]].type.value(i + 1), i + 1);
    }) + ")";
}

std::string query_each(const Relations &relations, const Key &key, const std::vector<int> &part, const std::string &keys)
{
    std::string values = joined(part.size(), ", ", [](std::size_t i) { return fmt::format("k.k{}", i + 1); });
    return fmt::format("SELECT v.\"?found\", {}, {} FROM {} AS k LEFT JOIN LATERAL {} ON true", values,
                       columns_of(relations, "v"), keys, query_rows(relations, " WHERE " + matches_key(key, part) + " OFFSET 0"));
}

std::string compare_each(const Relations &relations, const Key &key, const std::vector<int> &part, const std::string &keys)
{
    std::string where = " WHERE " + matches_key(key, part) + " OFFSET 0";
    return fmt::format("SELECT d.* FROM {} AS k, LATERAL ({} FROM {} FULL JOIN {} ON {}) AS d", keys, verdict(relations),
                       query_rows(relations, where), stored_rows(relations, where), key_equality(key, "v", "t"));
}

}  // namespace

std::string query_keys(const Relations &relations, const Key &key, const std::vector<int> &part)
{
    return query_each(relations, key, part, keys_from_arrays(key, part));
}

std::string query_key(const Relations &relations, const Key &key, const std::vector<int> &part)
{
    return query_each(relations, key, part, keys_from_values(key, part));
}

std::string compare_keys(const Relations &relations, const Key &key, const std::vector<int> &part)
{
    return compare_each(relations, key, part, keys_from_arrays(key, part));
}

std::string compare_key(const Relations &relations, const Key &key, const std::vector<int> &part)
{
    return compare_each(relations, key, part, keys_from_values(key, part));
}

std::string compare_bulk(const Relations &relations, const Key &key, const std::vector<int> &part)
{
    // Not EXISTS: the planner would take the keys for 200 different ones, look each up, and make them unique, which they are.
    std::string keys = fmt::format(" JOIN {} AS k ON {}", keys_from_arrays(key, part), matches_key(key, part));
    return fmt::format("{} FROM {} FULL JOIN {} ON {}", verdict(relations), query_rows(relations, keys),
                       stored_rows(relations, keys), key_equality(key, "v", "t"));
}

std::string compare_all(const Relations &relations, const Key &key)
{
    return fmt::format("{} FROM {} FULL JOIN {} ON {}", verdict(relations), query_rows(relations, ""),
                       stored_rows(relations, ""), key_equality(key, "v", "t"));
}

std::string all_keys(const Relations &relations, const Key &key)
{
    return fmt::format("SELECT {} FROM {} AS q",
                       joined(key.size(), ", ", [&](std::size_t i) { return "q." + quote_name(key[i].name); }), relations.view);
}

std::string differing_keys(const Relations &relations, const Key &key)
{
    std::string columns = joined(key.size(), ", ", [&](std::size_t i) {
        std::string name = quote_name(key[i].name);
        return fmt::format("CASE WHEN v.\"?found\" THEN v.{} ELSE t.{} END AS {}", name, name, name);
    });
    return fmt::format("SELECT {} FROM {} FULL JOIN {} ON {} WHERE v.\"?found\" IS NULL OR t.\"?found\" IS NULL OR NOT "
                       "pg_catalog.record_image_eq(ROW({}), ROW({}))",
                       columns, query_rows(relations, ""), stored_rows(relations, ""), key_equality(key, "v", "t"),
                       columns_of(relations, "v"), columns_of(relations, "t"));
}

namespace {

// The columns of one side, as verify()'s subquery gives them.
std::string side(const Relations &relations, const std::vector<int> &columns, const char *row)
{
    return joined(columns.size(), ", ", [&](std::size_t i) {
        return fmt::format("(d.{}).{}", row, quote_name(relations.columns[columns[i]]));
    });
}

std::string same(const char *function, const Relations &relations, const std::vector<int> &columns)
{
    if (columns.empty())
        return "true";
    return fmt::format("pg_catalog.{}(ROW({}), ROW({}))", function, side(relations, columns, "\"?query\""),
                       side(relations, columns, "\"?stored\""));
}

// What verify() gives of columns that are open, in rows that differ.
std::string open_columns(const Relations &relations, const OpenColumns &open)
{
    std::set<int> fixed;
    for (std::size_t i = 0; i < relations.columns.size(); ++i)
        fixed.insert(static_cast<int>(i));
    for (const std::vector<int> *columns : {&open.image, &open.order, &open.any})
        for (int column : *columns)
            fixed.erase(column);
    auto documents = [&](const char *alias) {
        return "ARRAY[" + joined(open.order.size(), ", ", [&](std::size_t i) {
            return fmt::format("pg_catalog.to_jsonb((d.{}).{})", alias, quote_name(relations.columns[open.order[i]]));
        }) + "]::pg_catalog.jsonb[]";
    };
    std::string differs = "CASE WHEN d.\"?action\" = 'u' THEN ";
    return fmt::format(", {0}{1} AND {2} END, {0}{3} END, {0}{4} END, {0}{5} END", differs,
                       same("record_image_eq", relations, {fixed.begin(), fixed.end()}), same("record_eq", relations, open.image),
                       same("record_image_eq", relations, open.any), documents("\"?query\""), documents("\"?stored\""));
}

}  // namespace

std::string verify(const Relations &relations, const Key &key, const OpenColumns &open, bool sample)
{
    auto key_columns = [&](const char *alias) {
        return joined(key.size(), ", ", [&](std::size_t i) { return fmt::format("{}.{}", alias, quote_name(key[i].name)); });
    };
    // Equal keys must be picked together, so the hash is that of their type, if it has one.
    bool hashable = std::all_of(key.begin(), key.end(), [](const model::KeyColumn &column) { return column.hashable; });
    const char *hash = hashable ? "pg_catalog.hash_record_extended(ROW({}), $2)" : "pg_catalog.hashtextextended(ROW({})::text, $2)";
    std::string where;
    if (sample)
        where = fmt::format(" WHERE ({} & 1073741823) < $1 * 1073741824", fmt::format(fmt::runtime(hash), key_columns("q")));
    std::string document_key = joined(key.size(), ", ", [&](std::size_t i) {
        std::string literal = "'";
        for (char c : key[i].name)
            literal += c == '\'' ? "''" : std::string(1, c);
        std::string name = quote_name(key[i].name);
        return fmt::format("{}', COALESCE(v.{}, t.{})", literal, name, name);
    });
    // OFFSET 0: columns are taken out of the rows only where they are looked at.
    // Not v and t: these may be columns.
    std::string sides = open.empty() ? "" : ", (v.*)::pg_catalog.record AS \"?query\", (t.*)::pg_catalog.record AS \"?stored\"";
    return fmt::format("SELECT d.\"?action\", d.\"?tid\", CASE WHEN d.\"?action\" <> 's' THEN d.\"?key\" END{} FROM "
                       "({}, pg_catalog.jsonb_build_object({}) AS \"?key\"{} FROM {} FULL JOIN {} ON {}{}) AS d",
                       open.empty() ? "" : open_columns(relations, open), verdict(relations), document_key, sides,
                       query_rows(relations, where), stored_rows(relations, where), key_equality(key, "v", "t"),
                       open.empty() ? "" : " OFFSET 0");
}

std::string query_rows_like(const Relations &relations, const Key &key, const std::string &tid)
{
    return fmt::format("SELECT FROM {} AS v, {} AS t WHERE t.ctid = '{}'::pg_catalog.tid AND {}", relations.view, relations.table,
                       tid, key_equality(key, "v", "t"));
}

std::string query_rows_of(const Relations &relations, const Key &key)
{
    return fmt::format("SELECT FROM {} AS v WHERE {}", relations.view, joined(key.size(), " AND ", [&](std::size_t i) {
        return fmt::format("v.{} {} ${}", quote_name(key[i].name), key[i].equals, i + 1);
    }));
}

std::string insert_row(const Relations &relations)
{
    return fmt::format("INSERT INTO {} {}{}", relations.table, assignments(relations, false), as_given(relations));
}

std::string update_row(const Relations &relations)
{
    return fmt::format("UPDATE {} {} WHERE ctid = ${}{}", relations.table, assignments(relations, true),
                       relations.columns.size() + 1, as_given(relations));
}

std::string delete_row(const Relations &relations)
{
    return fmt::format("DELETE FROM {} WHERE ctid = $1", relations.table);
}

}  // namespace tviews::plan
