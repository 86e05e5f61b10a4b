// Small questions about the analysis' values; see query.hpp.
#include "model/query.hpp"

#include <algorithm>

namespace tviews::model {

std::string Type::unnested(std::size_t parameter) const
{
    std::string array = array_name.empty() ? "pg_catalog.text[]" : array_name;
    std::string set = "pg_catalog.unnest($" + std::to_string(parameter) + "::" + array + ")";
    if (array_name.empty())
        set += "::" + name;
    return collation.empty() ? set : set + " COLLATE " + collation;
}

std::string Type::value(std::size_t parameter) const
{
    std::string one = "$" + std::to_string(parameter) + "::" + name;
    return collation.empty() ? one : one + " COLLATE " + collation;
}

std::set<int> Expression::occurrences() const
{
    std::set<int> found;
    for (const ColumnRef &input : inputs)
        found.insert(input.occurrence);
    return found;
}

std::string Expression::render(const std::function<std::string(const ColumnRef &)> &name) const
{
    std::string rendered;
    for (std::size_t i = 0; i < text.size();) {
        char c = text[i];
        std::size_t end = i + 1;
        if (c == '\'' || c == '"') {              // literals and identifiers may contain $n of their own
            end = std::min(text.find(c, i + 1), text.size() - 1) + 1;
            rendered.append(text, i, end - i);
        } else if (c == '$') {
            while (end < text.size() && text[end] >= '0' && text[end] <= '9')
                ++end;
            rendered += name(inputs[std::stoul(text.substr(i + 1, end - i - 1)) - 1]);
        } else {
            rendered += c;
        }
        i = end;
    }
    return rendered;
}

std::string describe(const Analysis &analysis, const Expression &expression)
{
    return expression.render([&](const ColumnRef &input) {
        const Occurrence &occurrence = analysis.occurrences[input.occurrence];
        const Attribute *attribute = occurrence.attribute(input.attribute);
        bool whole = input.attribute == whole_row || attribute == nullptr;
        return whole ? occurrence.path : occurrence.path + "." + attribute->name;
    });
}

const Attribute *Occurrence::attribute(AttributeNumber number) const
{
    auto at = std::find_if(attributes.begin(), attributes.end(), [&](const Attribute &a) { return a.number == number; });
    return at == attributes.end() ? nullptr : &*at;
}

}  // namespace tviews::model
