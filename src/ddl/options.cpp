// Parsing options; see options.hpp.
#include "ddl/options.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "analyze/names.hpp"

namespace tviews::ddl {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string &name, const std::string &expected)
{
    pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "invalid value for option \"" + name + "\"", "Expected " + expected + "."});
}

std::vector<std::string> parse_key(const Json &value)
{
    constexpr auto expected = "a column name or a non-empty array of different column names";
    std::vector<std::string> key;
    if (value.is_string())
        key.push_back(value.get<std::string>());
    else if (value.is_array())
        for (const Json &column : value)
            column.is_string() ? key.push_back(column.get<std::string>()) : refuse("key", expected);
    if (key.empty() || std::set<std::string>(key.begin(), key.end()).size() != key.size())
        refuse("key", expected);
    return key;
}

int parse_fillfactor(const Json &value)
{
    if (!value.is_number_integer() || value.get<int>() < 10 || value.get<int>() > 100)
        refuse("fillfactor", "an integer between 10 and 100 (percent)");
    return value.get<int>();
}

// Names as in SQL, by search_path where no schema is given.
std::vector<Oid> parse_reads(const Json &value)
{
    constexpr auto expected = "an array of names of tables and views";
    if (!value.is_array())
        refuse("reads", expected);
    std::set<Oid> relations;
    for (const Json &element : value) {
        if (!element.is_string())
            refuse("reads", expected);
        const auto &name = element.get_ref<const std::string &>();
        relations.insert(pg::call([&] {
            Oid relation = RangeVarGetRelid(makeRangeVarFromNameList(stringToQualifiedNameList(name.c_str())), NoLock, false);
            char kind = get_rel_relkind(relation);
            if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
                kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)     // the last two are refused with better words
                ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a table or view", name.c_str())));
            return relation;
        }));
    }
    return {relations.begin(), relations.end()};
}

}  // namespace

Options parse_options(Jsonb *options)
{
    Options parsed;
    parsed.text = pg::call([&] { return JsonbToCString(nullptr, &options->root, VARSIZE(options)); });
    Json object = Json::parse(parsed.text);
    if (!object.is_object())
        refuse("options", "a JSON object");
    for (const auto &[name, value] : object.items()) {
        if (name == "key")
            parsed.key = parse_key(value);
        else if (name == "fillfactor")
            parsed.fillfactor = parse_fillfactor(value);
        else if (name == "data_index")
            parsed.data_index = value.is_boolean() ? value.get<bool>() : (refuse(name, "true or false"), false);
        else if (name == "reads")
            parsed.reads = parse_reads(value);
        else if (name == "refresh_mode")
            parsed.mode = catalog::refresh_mode(value.is_string() ? value.get<std::string>() : value.dump());
        else
            pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized option \"" + name + "\"", "",
                       "The options are key, fillfactor, data_index, reads and refresh_mode."});
    }
    return parsed;
}

std::string options_as_now(const std::string &given, const std::vector<std::string> &key, const std::optional<std::vector<Oid>> &reads,
                           catalog::RefreshMode mode)
{
    Json options = Json::parse(given);
    if (!key.empty())
        options["key"] = key;
    if (reads) {
        options["reads"] = Json::array();
        for (Oid relation : *reads)
            options["reads"].push_back(analyze::qualified_relation_name(relation));
    }
    options["refresh_mode"] = name_of(mode);
    return options.dump();
}

}  // namespace tviews::ddl
