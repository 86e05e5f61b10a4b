// Quoting identifiers without a server.  Always quotes: the text is for PostgreSQL, not for people.
#pragma once

#include <string>

namespace tviews::plan {

inline std::string quote_name(const std::string &identifier)
{
    std::string text = "\"";
    for (char c : identifier) {
        if (c == '"')
            text += '"';
        text += c;
    }
    return text + '"';
}

}  // namespace tviews::plan
