// Expected SQL in tests, broken into lines for the reader.
#pragma once

#include <regex>
#include <string>

namespace tviews::test {

// The text with each line break and the indentation after it as one space.
inline std::string flat(const std::string &lines)
{
    return std::regex_replace(lines, std::regex("\n *"), " ");
}

}  // namespace tviews::test
