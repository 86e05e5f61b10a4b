// Roles and settings of a flush; see identity.hpp.
#include "refresh/identity.hpp"

#include <cstring>
#include <exception>

namespace tviews::refresh {

PinnedSettingsScope::PinnedSettingsScope(const catalog::PinnedSettings &settings)
    : exceptions_(std::uncaught_exceptions())
{
    auto pin = [&](const char *name, const char *value) {
        pg::call([&] {
            if (std::strcmp(GetConfigOption(name, false, false), value) == 0)
                return;
            if (nest_level_ == 0)
                nest_level_ = NewGUCNestLevel();
            set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
        });
    };
    for (const auto &[name, value] : settings)
        pin(name.c_str(), value.c_str());
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
