// Access to the extension's own tables; see meta.hpp.
#include "catalog/meta.hpp"

#include <fmt/core.h>

#include "catalog/queued.hpp"
#include "catalog/state.hpp"
#include "pg/spi.hpp"
#include "pg/text.hpp"

namespace tviews::catalog {

namespace {

constexpr const char *meta_name = "pg_tview_meta";

// Order of the columns in the install script.
enum Column : AttrNumber {
    column_table = 1,
    column_entity,
    column_schema,
    column_view,
    column_definition,
    column_dependencies,
    column_key,
    column_columns,
    column_fk_columns,
    column_options,
    column_settings,
    column_stamps,
    column_undetermined,
    column_protocol,
    column_reads,
    column_refresh_mode = 18
};

struct Extension {
    Oid schema;
    Oid owner;
};

Extension find_extension()
{
    return pg::call([] {
        Extension found{InvalidOid, InvalidOid};
        Relation relation = table_open(ExtensionRelationId, AccessShareLock);
        ScanKeyData key;
        ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("pg_tviews"));
        SysScanDesc scan = systable_beginscan(relation, ExtensionNameIndexId, true, nullptr, 1, &key);
        HeapTuple tuple = systable_getnext(scan);
        if (HeapTupleIsValid(tuple)) {
            auto *form = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
            found = {form->extnamespace, form->extowner};
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
        return found;
    });
}

Datum column_value(HeapTuple tuple, TupleDesc desc, AttrNumber number)
{
    return pg::call([&] {
        bool is_null;
        Datum value = heap_getattr(tuple, number, desc, &is_null);
        if (is_null)
            elog(ERROR, "pg_tview_meta: column %d is null", number);
        return value;
    });
}

std::string text_value(Datum value)
{
    return pg::call([&]() -> const char * { return TextDatumGetCString(value); });
}

struct Elements {
    Datum *values;
    int count;
};

Elements array_elements(Datum value, Oid type)
{
    return pg::call([&] {
        Elements elements;
        int16 length;
        bool by_value;
        char align;
        get_typlenbyvalalign(type, &length, &by_value, &align);
        deconstruct_array(DatumGetArrayTypePCopy(value), type, length, by_value, align, &elements.values, nullptr,
                          &elements.count);
        return elements;
    });
}

std::vector<std::string> text_array(Datum value)
{
    std::vector<std::string> texts;
    Elements elements = array_elements(value, TEXTOID);
    for (int i = 0; i < elements.count; ++i)
        texts.push_back(text_value(elements.values[i]));
    return texts;
}

std::vector<Oid> oid_array(Datum value)
{
    Elements elements = array_elements(value, REGCLASSOID);
    std::vector<Oid> oids;
    for (int i = 0; i < elements.count; ++i)
        oids.push_back(DatumGetObjectId(elements.values[i]));
    return oids;
}

// {"TimeZone": "UTC", …}: a flat object of strings, read with PostgreSQL's own iterator.
PinnedSettings settings_object(Datum value)
{
    PinnedSettings settings;
    struct Pair {
        const char *key, *value;
    };
    JsonbIterator *iterator = pg::call([&] { return JsonbIteratorInit(&DatumGetJsonbPCopy(value)->root); });
    for (;;) {
        Pair pair = pg::call([&]() -> Pair {
            JsonbValue key, item;
            JsonbIteratorToken token;
            while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE && token != WJB_KEY)
                ;
            if (token == WJB_DONE)
                return {nullptr, nullptr};
            JsonbIteratorNext(&iterator, &item, true);
            if (item.type != jbvString)
                elog(ERROR, "pg_tview_meta: a setting is not a string");
            return {pnstrdup(key.val.string.val, key.val.string.len), pnstrdup(item.val.string.val, item.val.string.len)};
        });
        if (pair.key == nullptr)
            return settings;
        settings.emplace_back(pair.key, pair.value);
    }
}

Tview to_tview(HeapTuple tuple, TupleDesc desc)
{
    Tview tview;
    tview.table = DatumGetObjectId(column_value(tuple, desc, column_table));
    tview.view = DatumGetObjectId(column_value(tuple, desc, column_view));
    tview.entity = text_value(column_value(tuple, desc, column_entity));
    tview.schema = text_value(column_value(tuple, desc, column_schema));
    tview.dependencies = oid_array(column_value(tuple, desc, column_dependencies));
    tview.key = text_array(column_value(tuple, desc, column_key));
    tview.columns = text_array(column_value(tuple, desc, column_columns));
    tview.settings = settings_object(column_value(tuple, desc, column_settings));
    tview.stamps = DatumGetBool(column_value(tuple, desc, column_stamps));
    tview.protocol = DatumGetInt32(column_value(tuple, desc, column_protocol));
    if (!pg::call([&] { return heap_attisnull(tuple, column_reads, desc); }))
        tview.reads = oid_array(column_value(tuple, desc, column_reads));
    if (desc->natts >= column_refresh_mode)       // the SQL objects may be of the version before
        tview.mode = refresh_mode(text_value(column_value(tuple, desc, column_refresh_mode)));
    return tview;
}

Datum regclass_array_datum(const std::vector<Oid> &oids)
{
    std::vector<Datum> values(oids.begin(), oids.end());
    return pg::call([&] {
        return PointerGetDatum(construct_array(values.data(), static_cast<int>(values.size()), REGCLASSOID, sizeof(Oid),
                                               true, TYPALIGN_INT));
    });
}

std::string own_table(const char *name)
{
    return *extension_schema() + "." + name;
}

}  // namespace

Oid extension_schema_oid()
{
    return find_extension().schema;
}

std::optional<std::string> extension_schema()
{
    Oid schema = extension_schema_oid();
    if (!OidIsValid(schema))
        return std::nullopt;
    return pg::call([&]() -> const char * { return quote_identifier(get_namespace_name(schema)); });
}

Oid meta_table()
{
    static Oid known = InvalidOid;
    const char *name = OidIsValid(known) ? pg::call(get_rel_name, known) : nullptr;
    if (name != nullptr && std::string(name) == meta_name)
        return known;
    Oid schema = extension_schema_oid();
    known = OidIsValid(schema) ? pg::call([&] { return get_relname_relid(meta_name, schema); }) : InvalidOid;
    return known;
}

Oid capture_function()
{
    Oid schema = extension_schema_oid();
    return pg::call([&] {
        return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("pg_tviews_capture"),
                               PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(schema));
    });
}

bool relation_exists(Oid relation)
{
    return pg::call([&] { return SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)); });
}

std::vector<Oid> family_of(Oid relation)
{
    List *list = pg::call([&] { return find_all_inheritors(relation, NoLock, nullptr); });
    std::vector<Oid> family;
    for (int i = 0; i < list_length(list); ++i)
        family.push_back(list_nth_oid(list, i));
    return family;
}

namespace {

// All, or the one with this table.
std::vector<Tview> read_tviews(Oid table)
{
    std::vector<Tview> tviews;
    Oid meta = meta_table();
    if (!OidIsValid(meta))
        return tviews;
    struct Scan {
        Relation relation;
        SysScanDesc scan;
    };
    Scan open = pg::call([&] {
        Relation relation = table_open(meta, AccessShareLock);
        ScanKeyData key;
        ScanKeyInit(&key, column_table, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
        return Scan{relation, systable_beginscan(relation, InvalidOid, false, nullptr, OidIsValid(table) ? 1 : 0, &key)};
    });
    for (;;) {
        HeapTuple tuple = pg::call(systable_getnext, open.scan);
        if (!HeapTupleIsValid(tuple))
            break;
        tviews.push_back(to_tview(tuple, RelationGetDescr(open.relation)));
    }
    pg::call([&] {
        systable_endscan(open.scan);
        table_close(open.relation, AccessShareLock);
    });
    return tviews;
}

}  // namespace

std::vector<Tview> all_tviews()
{
    return read_tviews(InvalidOid);
}

std::optional<Tview> find_tview(Oid table)
{
    if (!OidIsValid(table))
        return std::nullopt;
    std::vector<Tview> found = read_tviews(table);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::string name_of(const Tview &tview)
{
    return pg::call([&]() -> const char * {
        return quote_qualified_identifier(tview.schema.c_str(), psprintf("tv_%s", tview.entity.c_str()));
    });
}

Oid owner_of(Oid relation)
{
    return pg::call([&] {
        HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
        if (!HeapTupleIsValid(tuple))
            return InvalidOid;
        Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
        ReleaseSysCache(tuple);
        return owner;
    });
}

AsExtensionOwner::AsExtensionOwner() : exceptions_(std::uncaught_exceptions())
{
    Oid owner = find_extension().owner;
    GetUserIdAndSecContext(&user_, &context_);
    SetUserIdAndSecContext(owner, context_ | SECURITY_LOCAL_USERID_CHANGE);
}

AsExtensionOwner::~AsExtensionOwner()
{
    if (std::uncaught_exceptions() == exceptions_)
        SetUserIdAndSecContext(user_, context_);
}

// Apart from the rest, because the SQL objects may be of the version before, which knows the default alone.
void insert_refresh_mode(const Tview &tview)
{
    if (tview.mode != RefreshMode::transactional)
        update_refresh_mode(tview.table, tview.mode);
}

void insert_tview(const NewTview &row)
{
    const Tview &tview = row.tview;
    std::vector<std::string> names, values;
    for (const auto &[name, value] : tview.settings) {
        names.push_back(name);
        values.push_back(value);
    }
    AsExtensionOwner owner;
    pg::execute(fmt::format("INSERT INTO {} (\"table\", entity, schema, view, definition, dependencies, key_columns, columns, "
                            "fk_columns, options, settings, stamps, undetermined, protocol, reads) VALUES ($1, $2, $3, $4, $5, $6, "
                            "$7, $8, $9, $10::pg_catalog.jsonb, pg_catalog.jsonb_object($11, $12), $13, $14, $15, "
                            "CASE WHEN $16 THEN $17 END)",
                            own_table(meta_name)),
                {REGCLASSOID, TEXTOID, TEXTOID, REGCLASSOID, TEXTOID, REGCLASSARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
                 TEXTARRAYOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, BOOLOID, TEXTARRAYOID, INT4OID, BOOLOID, REGCLASSARRAYOID},
                {{ObjectIdGetDatum(tview.table), pg::text_datum(tview.entity), pg::text_datum(tview.schema),
                  ObjectIdGetDatum(tview.view), pg::text_datum(row.definition), regclass_array_datum(tview.dependencies),
                  pg::text_array_datum(tview.key), pg::text_array_datum(tview.columns), pg::text_array_datum(row.fk_columns),
                  pg::text_datum(row.options), pg::text_array_datum(names), pg::text_array_datum(values), BoolGetDatum(tview.stamps),
                  pg::text_array_datum(row.undetermined), Int32GetDatum(tview.protocol), BoolGetDatum(tview.reads.has_value()),
                  regclass_array_datum(tview.reads.value_or(std::vector<Oid>{}))},
                 {}});
    pg::call(CommandCounterIncrement);
    insert_refresh_mode(row.tview);
}

void restore_tview(const NewTview &row, const std::string &created_at, const std::string &created_by)
{
    Datum at = pg::text_datum(created_at), by = pg::text_datum(created_by);
    std::optional<std::string> known_at, known_by;
    {
        AsExtensionOwner owner;
        pg::execute(fmt::format("DELETE FROM {} WHERE \"table\" = $1 OR view = $2 RETURNING "
                                "CASE WHEN \"table\" = $1 THEN created_at END, CASE WHEN \"table\" = $1 THEN created_by END",
                                own_table(meta_name)),
                    {REGCLASSOID, REGCLASSOID}, {{ObjectIdGetDatum(row.tview.table), ObjectIdGetDatum(row.tview.view)}, {}},
                    [&](TupleTableSlot *slot) {
                        if (auto text = pg::text_column(slot, 1)) {
                            known_at = text;
                            known_by = pg::text_column(slot, 2);
                        }
                    });
        pg::call(CommandCounterIncrement);
    }
    insert_tview(row);
    if (known_at) {
        at = pg::text_datum(*known_at);
        by = pg::text_datum(known_by.value_or(""));
    }
    AsExtensionOwner owner;
    pg::execute(fmt::format("UPDATE {} SET created_at = $2::pg_catalog.timestamptz, created_by = $3 WHERE \"table\" = $1 AND $2 <> ''",
                            own_table(meta_name)),
                {REGCLASSOID, TEXTOID, TEXTOID}, {{ObjectIdGetDatum(row.tview.table), at, by}, {}});
}

Deleted delete_tview(Oid table)
{
    remove_marks(table);
    pg::call([] { PushActiveSnapshot(GetLatestSnapshot()); });
    remove_queued(table);
    pg::call([] { PopActiveSnapshot(); });
    AsExtensionOwner owner;
    Deleted deleted;
    pg::execute(fmt::format("DELETE FROM {} WHERE \"table\" = $1 RETURNING definition, options", own_table(meta_name)), {REGCLASSOID},
                {{ObjectIdGetDatum(table)}, {}}, [&](TupleTableSlot *slot) {
                    deleted = {pg::text_column(slot, 1).value_or(""), pg::text_column(slot, 2).value_or("{}")};
                });
    return deleted;
}

void update_dependencies(Oid table, const std::vector<Oid> &dependencies)
{
    AsExtensionOwner owner;
    pg::execute(fmt::format("UPDATE {} SET dependencies = $2 WHERE \"table\" = $1", own_table(meta_name)),
                {REGCLASSOID, REGCLASSARRAYOID}, {{ObjectIdGetDatum(table), regclass_array_datum(dependencies)}, {}});
}

bool update_undetermined(Oid table, const std::vector<std::string> &undetermined)
{
    AsExtensionOwner owner;
    bool changed = false;
    pg::execute(fmt::format("UPDATE {} SET undetermined = $2 WHERE \"table\" = $1 AND undetermined <> $2 RETURNING true", own_table(meta_name)),
                {REGCLASSOID, TEXTARRAYOID}, {{ObjectIdGetDatum(table), pg::text_array_datum(undetermined)}, {}},
                [&](TupleTableSlot *) { changed = true; });
    return changed;
}

void update_refresh_mode(Oid table, RefreshMode mode)
{
    AsExtensionOwner owner;
    pg::execute(fmt::format("UPDATE {} SET refresh_mode = $2 WHERE \"table\" = $1", own_table(meta_name)), {REGCLASSOID, TEXTOID},
                {{ObjectIdGetDatum(table), pg::text_datum(name_of(mode))}, {}});
}

bool update_names(Oid table, const std::string &entity, const std::string &schema, const std::string &definition)
{
    AsExtensionOwner owner;
    bool changed = false;
    pg::execute(fmt::format("UPDATE {} SET entity = $2, schema = $3, definition = $4 WHERE \"table\" = $1 AND "
                            "(entity, schema, definition) IS DISTINCT FROM ($2, $3, $4) RETURNING 1",
                            own_table(meta_name)),
                {REGCLASSOID, TEXTOID, TEXTOID, TEXTOID},
                {{ObjectIdGetDatum(table), pg::text_datum(entity), pg::text_datum(schema), pg::text_datum(definition)}, {}},
                [&](TupleTableSlot *) { changed = true; });
    return changed;
}

void invalidate(const std::vector<Oid> &relations)
{
    for (Oid relation : relations)
        if (relation_exists(relation))
            pg::call(CacheInvalidateRelcacheByRelid, relation);
}

}  // namespace tviews::catalog
