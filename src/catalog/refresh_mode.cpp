// Names of refresh modes; see refresh_mode.hpp.
#include "catalog/refresh_mode.hpp"

#include "pg/guard.hpp"

namespace tviews::catalog {

namespace {

constexpr RefreshMode modes[] = {RefreshMode::transactional, RefreshMode::immediate, RefreshMode::deferred, RefreshMode::manual};

}  // namespace

const char *name_of(RefreshMode mode)
{
    switch (mode) {
    case RefreshMode::transactional:
        return "transactional";
    case RefreshMode::immediate:
        return "immediate";
    case RefreshMode::deferred:
        return "deferred";
    case RefreshMode::manual:
        break;
    }
    return "manual";
}

RefreshMode refresh_mode(const std::string &name)
{
    for (RefreshMode mode : modes)
        if (name == name_of(mode))
            return mode;
    pg::raise({ERRCODE_INVALID_PARAMETER_VALUE, "invalid refresh mode \"" + name + "\"", "",
               "The refresh modes are transactional, immediate, deferred and manual."});
}

}  // namespace tviews::catalog
