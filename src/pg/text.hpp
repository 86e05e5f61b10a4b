// C++ strings as PostgreSQL's text and text[], in the current memory context.  Not here: reading them back (spi.hpp).
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

namespace tviews::pg {

inline Datum text_datum(const std::string &text)
{
    return call([&] { return CStringGetTextDatum(text.c_str()); });
}

inline Datum text_array_datum(const std::vector<std::string> &texts)
{
    std::vector<Datum> values;
    for (const std::string &text : texts)
        values.push_back(text_datum(text));
    return call([&] {
        return PointerGetDatum(construct_array(values.data(), static_cast<int>(values.size()), TEXTOID, -1, false, TYPALIGN_INT));
    });
}

}  // namespace tviews::pg
