// Roles and settings of a flush; see identity.hpp.
#include "refresh/identity.hpp"

#include <cstring>
#include <exception>

namespace tviews::refresh {

namespace {

bool has_temporary_schema()
{
    Oid schema, toast;
    GetTempNamespaceState(&schema, &toast);
    return OidIsValid(schema);
}

// Whether a setting has this value, or means the same: without temporary tables it is all one where a path has their schema.
bool is_set(const std::string &name, const std::string &value)
{
    const char *now = GetConfigOption(name.c_str(), true, false);
    if (now == nullptr)
        return false;                 // of a library that is not loaded yet
    if (value == now)
        return true;
    std::size_t length = std::strlen(now);
    return name == "search_path" && length > 0 && value.compare(0, length, now) == 0 && value.compare(length, value.npos, ", pg_temp") == 0 &&
           !has_temporary_schema();
}

}  // namespace

PinnedSettingsScope::PinnedSettingsScope(const catalog::PinnedSettings &settings)
    : exceptions_(std::uncaught_exceptions())
{
    auto pin = [&](const std::string &name, const std::string &value) {
        pg::call([&] {
            if (is_set(name, value))
                return;
            if (nest_level_ == 0)
                nest_level_ = NewGUCNestLevel();
            set_config_option(name.c_str(), value.c_str(), PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
        });
    };
    for (const auto &[name, value] : settings)
        pin(name, value);
    pin("row_security", "off");
}

PinnedSettingsScope::~PinnedSettingsScope()
{
    if (nest_level_ != 0 && std::uncaught_exceptions() == exceptions_)
        AtEOXact_GUC(true, nest_level_);
}

RoleScope::RoleScope(Oid role, Security security) : exceptions_(std::uncaught_exceptions())
{
    GetUserIdAndSecContext(&user_, &context_);
    int flags = SECURITY_LOCAL_USERID_CHANGE | (security == Security::restricted ? SECURITY_RESTRICTED_OPERATION : 0);
    SetUserIdAndSecContext(role, context_ | flags);
}

RoleScope::~RoleScope()
{
    if (std::uncaught_exceptions() == exceptions_)
        SetUserIdAndSecContext(user_, context_);
}

}  // namespace tviews::refresh
