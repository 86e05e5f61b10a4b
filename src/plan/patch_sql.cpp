// Writing patch statements; see patch_sql.hpp.  Aliases: k keys, t the stored rows, p the rows copied from, v the new values.
#include "plan/patch_sql.hpp"

#include <fmt/core.h>
#include <map>

#include "plan/identifier.hpp"

namespace tviews::plan {

namespace {

std::string text_literal(const std::string &text)
{
    std::string literal = text.find('\\') == std::string::npos ? "'" : " E'";
    for (char c : text)
        literal += c == '\'' || c == '\\' ? std::string(2, c) : std::string(1, c);
    return literal + "'";
}

std::string path_of(const model::Copy &copy)
{
    std::string list;
    for (const std::string &key : copy.path)
        list += (list.empty() ? "" : ", ") + text_literal(key);
    return "ARRAY[" + list + "]::pg_catalog.text[]";
}

// The output columns' new values: the stored ones with the copies put in.
std::map<std::string, std::string> new_values(const model::Analysis &analysis, const std::set<model::AttributeNumber> &changed)
{
    std::map<std::string, std::string> values;
    for (const model::Copy &copy : analysis.copies) {
        if (changed.count(copy.column) == 0)
            continue;
        std::string column = "p." + quote_name(analysis.occurrences[analysis.copied_row].attribute(copy.column)->name);
        if (copy.path.empty()) {
            values[copy.output] = column;
            continue;
        }
        std::string &value = values.try_emplace(copy.output, "t." + quote_name(copy.output)).first->second;
        // As jsonb_build_object() writes it, which is how it got there.
        value = fmt::format("pg_catalog.jsonb_set({}, {}, pg_catalog.jsonb_build_object('v', {}) OPERATOR(pg_catalog.->) 'v')", value,
                            path_of(copy), column);
    }
    return values;
}

// The value of each key column in the row copied from.
std::map<int, std::string> key_sources(const model::Analysis &analysis)
{
    std::map<int, std::string> sources;
    for (const model::Target &target : analysis.alternatives.front().targets) {
        if (target.occurrence != analysis.copied_row)
            continue;
        for (const model::Target::Part &part : target.parts)
            sources[part.key_column] = part.expression.render([&](const model::ColumnRef &input) {
                return "p." + quote_name(analysis.occurrences[input.occurrence].attribute(input.attribute)->name);
            });
    }
    return sources;
}

}  // namespace

RowsStatement patch(const Relations &relations, const model::Analysis &analysis, const std::set<model::AttributeNumber> &changed)
{
    auto values = new_values(analysis, changed);
    auto sources = key_sources(analysis);
    std::string computed, fresh, stored, columns, matches, many, one;
    for (const auto &[output, value] : values) {
        const char *separator = computed.empty() ? "" : ", ";
        computed += fmt::format("{}{} AS {}", separator, value, quote_name(output));
        fresh += fmt::format("{}v.{}", separator, quote_name(output));
        stored += fmt::format("{}t.{}", separator, quote_name(output));
    }
    for (const std::string &column : relations.columns)
        columns += fmt::format(", {}.{}", values.count(column) ? "v" : "t", quote_name(column));
    for (std::size_t i = 0; i < analysis.key.size(); ++i) {
        const model::KeyColumn &key = analysis.key[i];
        const char *separator = i ? ", " : "";
        matches += fmt::format("{}t.{} {} k.k{} AND {} {} k.k{}", i ? " AND " : "", quote_name(key.name), key.equals, i + 1,
                               sources.at(static_cast<int>(i)), key.equals, i + 1);
        many += fmt::format("{}{} AS k{}", separator, key.type.unnested(i + 1), i + 1);
        one += fmt::format("{}{} AS k{}", separator, key.type.value(i + 1), i + 1);
    }
    auto text = [&](const std::string &keys) {
        return fmt::format("SELECT CASE WHEN pg_catalog.record_image_eq(ROW({}), ROW({})) THEN 's' ELSE 'u' END::pg_catalog.\"char\" "
                           "AS \"?action\", t.ctid AS \"?tid\"{} FROM {} AS k, {} AS t, {} AS p, LATERAL (SELECT {} OFFSET 0) AS v WHERE {}",
                           fresh, stored, columns, keys, relations.table,
                           analysis.occurrences[analysis.copied_row].relation_name, computed, matches);
    };
    return {text("(SELECT DISTINCT " + many + ")"), text("(SELECT " + one + ")")};
}

}  // namespace tviews::plan
