// Reading and writing pg_tview_meta.
//
// Reads go straight to the table under the latest catalog snapshot, never the transaction's: a transaction older than a
// TVIEW fires its capture triggers and must find its definition.  They need no privilege.  Writes go through SQL, as the
// extension's owner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/tview.hpp"

namespace tviews::catalog {

// The schema the extension lives in, quoted SQL; nothing if the extension is not installed in this database.
std::optional<std::string> extension_schema();
Oid extension_schema_oid();
Oid meta_table();

// pg_tviews_capture(), which capture triggers call.
Oid capture_function();

// Whether the relation is still in the catalog.
bool relation_exists(Oid relation);

// The relation, then its partitions and children of all levels.  Locks none.
std::vector<Oid> family_of(Oid relation);

// Invalid if it is not.
Oid owner_of(Oid relation);

std::vector<Tview> all_tviews();
std::optional<Tview> find_tview(Oid table);

// Its table's qualified name by its row, as SQL, also when the table is gone.
std::string name_of(const Tview &tview);

// Runs body as the owner of the extension.
class AsExtensionOwner {
public:
    AsExtensionOwner();
    ~AsExtensionOwner();
    AsExtensionOwner(const AsExtensionOwner &) = delete;
    AsExtensionOwner &operator=(const AsExtensionOwner &) = delete;

private:
    Oid user_;
    int context_;
    int exceptions_;
};

// All need an SPI session.
struct NewTview {
    Tview tview;
    std::string definition;
    std::string options;          // jsonb text
    std::vector<std::string> fk_columns;
    std::vector<std::string> undetermined;
};
void insert_tview(const NewTview &row);
// Writes a row in place of those of its table or view; creation as the old row has it, else as given (text of timestamptz, may be empty).
void restore_tview(const NewTview &row, const std::string &created_at, const std::string &created_by);
// Returns the definition and the options the row had.
struct Deleted {
    std::string definition;
    std::string options = "{}";   // jsonb text
};
Deleted delete_tview(Oid table);
void update_dependencies(Oid table, const std::vector<Oid> &dependencies);
// Returns whether they differed.
bool update_undetermined(Oid table, const std::vector<std::string> &undetermined);
void update_refresh_mode(Oid table, RefreshMode mode);
// Writes entity, schema and definition again after a rename.  Returns whether anything differed.
bool update_names(Oid table, const std::string &entity, const std::string &schema, const std::string &definition);

// Tells every session that what the base tables feed has changed.
void invalidate(const std::vector<Oid> &relations);

}  // namespace tviews::catalog
