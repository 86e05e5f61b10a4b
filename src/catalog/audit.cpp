// Writing the audit log; see audit.hpp.  The JSON library is used here and in ddl/options.cpp alone: it is slow to compile.
#include "catalog/audit.hpp"

#include <nlohmann/json.hpp>

#include "catalog/audit_chain.hpp"
#include "catalog/meta.hpp"
#include "catalog/settings.hpp"
#include "pg/spi.hpp"

namespace tviews::catalog {

struct Details::Object {
    nlohmann::json json = nlohmann::json::object();
};

Details::Details() : object_(std::make_unique<Object>()) {}
Details::~Details() = default;

Details &Details::add(const std::string &name, const std::string &value)
{
    object_->json[name] = value;
    return *this;
}

Details &Details::add(const std::string &name, std::uint64_t value)
{
    object_->json[name] = value;
    return *this;
}

Details &Details::add(const std::string &name, double value)
{
    object_->json[name] = value;
    return *this;
}

Details &Details::add(const std::string &name, const std::vector<std::string> &values)
{
    object_->json[name] = values;
    return *this;
}

Details &Details::add(const std::string &name, const PinnedSettings &settings)
{
    nlohmann::json object = nlohmann::json::object();
    for (const auto &[setting, value] : settings)
        object[setting] = value;
    object_->json[name] = object;
    return *this;
}

Details &Details::add_json(const std::string &name, const std::string &json)
{
    object_->json[name] = nlohmann::json::parse(json);
    return *this;
}

std::string Details::text() const
{
    return object_->json.dump();
}

void audit(const std::string &operation, const std::string &entity, const Details &details)
{
    const std::string json = details.text();
    const std::string trace = settings().trace_id;
    AsExtensionOwner owner;
    std::vector<Datum> values;
    for (const std::string *text : {&operation, &entity, &json, &trace})
        values.push_back(pg::call([&] { return CStringGetTextDatum(text->c_str()); }));
    pg::execute("INSERT INTO " + *extension_schema() +
                    ".pg_tview_audit_log (operation, entity, details, trace_id) "
                    "VALUES ($1, $2, $3::pg_catalog.jsonb, NULLIF($4, ''))",
                {TEXTOID, TEXTOID, TEXTOID, TEXTOID}, {values, {}});
    note_audit_rows();
}

}  // namespace tviews::catalog
