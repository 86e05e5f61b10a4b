// Who a flush is, and under which settings: the TVIEW's owner, under the settings pinned when the TVIEW was created.
//
// Otherwise documents would depend on who wrote last.  Settings are compared first and set only where they differ.
#pragma once

#include "catalog/settings.hpp"
#include "pg/guard.hpp"

namespace tviews::refresh {

// Pinned settings for a scope; row_security is off, so that a policy raises instead of dropping rows from a document.
class PinnedSettingsScope {
public:
    explicit PinnedSettingsScope(const catalog::PinnedSettings &settings);
    ~PinnedSettingsScope();
    PinnedSettingsScope(const PinnedSettingsScope &) = delete;
    PinnedSettingsScope &operator=(const PinnedSettingsScope &) = delete;

private:
    int nest_level_ = 0;
    int exceptions_;
};

enum class Security {
    restricted,                   // for running the defining query: SECURITY_RESTRICTED_OPERATION
    writing                       // for writing tv_*: deferred triggers and constraints must work
};

// A role for a scope.  While unwinding, the abort restores the caller's.
class RoleScope {
public:
    RoleScope(Oid role, Security security);
    ~RoleScope();
    RoleScope(const RoleScope &) = delete;
    RoleScope &operator=(const RoleScope &) = delete;

private:
    Oid user_;
    int context_;
    int exceptions_;
};

}  // namespace tviews::refresh
