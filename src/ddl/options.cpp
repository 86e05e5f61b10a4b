// Parsing options; see options.hpp.
#include "ddl/options.hpp"

#include <nlohmann/json.hpp>
#include <set>

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
        else
            pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized option \"" + name + "\"", "",
                       "The options are key, fillfactor and data_index."});
    }
    return parsed;
}

}  // namespace tviews::ddl
