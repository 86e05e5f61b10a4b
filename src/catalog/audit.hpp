// The audit log: one row per CREATE, DROP, ALTER, REFRESH, SUSPEND and RESUME of a TVIEW, with details as JSON.  Not here: its hash
// chain (audit_chain.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catalog/settings.hpp"

namespace tviews::catalog {

// What an audit row says: a flat JSON object.
class Details {
public:
    Details();
    ~Details();
    Details(const Details &) = delete;
    Details &operator=(const Details &) = delete;

    Details &add(const std::string &name, const std::string &value);
    Details &add(const std::string &name, std::uint64_t value);
    Details &add(const std::string &name, double value);
    Details &add(const std::string &name, const std::vector<std::string> &values);
    Details &add(const std::string &name, const PinnedSettings &settings);
    // `json` is JSON text itself.
    Details &add_json(const std::string &name, const std::string &json);
    std::string text() const;

private:
    struct Object;
    std::unique_ptr<Object> object_;
};

// Writes one row.  Needs an SPI session.
void audit(const std::string &operation, const std::string &entity, const Details &details);

}  // namespace tviews::catalog
