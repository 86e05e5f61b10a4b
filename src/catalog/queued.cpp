// Access to pg_tview_queue; see queued.hpp.
#include "catalog/queued.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "catalog/meta.hpp"
#include "catalog/state.hpp"
#include "pg/spi.hpp"
#include "pg/subtransaction.hpp"
#include "pg/text.hpp"

namespace tviews::catalog {

namespace {

// Order of the columns in the install script.
enum Column : AttrNumber { column_tview = 1 };

std::string own_table()
{
    return *extension_schema() + ".pg_tview_queue";
}

void append(Compiled &tview, const std::string &sql, const std::vector<Oid> &types, const pg::Parameters &parameters)
{
    AsExtensionOwner owner;
    pg::Statement &statement = tview.statement(sql, types);
    pg::call([] { PushActiveSnapshot(GetLatestSnapshot()); });
    statement.write(parameters, GetActiveSnapshot(), InvalidSnapshot);
    pg::call([] { PopActiveSnapshot(); });
}

Datum as_text_array(const pg::RowSet &rows, std::size_t column)
{
    std::vector<Datum> texts(rows.size());
    return pg::call([&] {
        Oid output;
        bool varlena;
        getTypeOutputInfo(rows.type(column), &output, &varlena);
        for (std::size_t row = 0; row < rows.size(); ++row)
            texts[row] = CStringGetTextDatum(OidOutputFunctionCall(output, rows.value(row, column)));
        return PointerGetDatum(construct_array(texts.data(), static_cast<int>(texts.size()), TEXTOID, -1, false, TYPALIGN_INT));
    });
}

struct Input {
    Oid type, function, parameter;
};

std::vector<Input> inputs_of(const Compiled &tview)
{
    std::vector<Input> inputs;
    for (const model::KeyColumn &column : tview.analysis.key)
        inputs.push_back(pg::call([&] {
            Input input{column.type.id, InvalidOid, InvalidOid};
            getTypeInputInfo(input.type, &input.function, &input.parameter);
            return input;
        }));
    return inputs;
}

std::vector<std::optional<std::string>> elements_of(Datum array)
{
    struct Elements {
        Datum *values;
        bool *nulls;
        int count;
    };
    Elements key = pg::call([&] {
        Elements elements;
        deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements.values, &elements.nulls, &elements.count);
        return elements;
    });
    std::vector<std::optional<std::string>> found(static_cast<std::size_t>(key.count));
    for (int i = 0; i < key.count; ++i)
        if (!key.nulls[i])
            found[static_cast<std::size_t>(i)] = pg::call([&]() -> const char * { return TextDatumGetCString(key.values[i]); });
    return found;
}

void read_key(QueuedKeys &found, const std::vector<Input> &inputs, const std::vector<std::optional<std::string>> &key)
{
    if (key.size() != inputs.size()) {
        found.everything = true;
        return;
    }
    std::vector<int> part;
    std::vector<Oid> types;
    std::vector<Datum> values;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (!key[i])
            continue;
        part.push_back(static_cast<int>(i));
        types.push_back(inputs[i].type);
        values.push_back(pg::call([&] {
            return OidInputFunctionCall(inputs[i].function, const_cast<char *>(key[i]->c_str()), inputs[i].parameter, -1);
        }));
    }
    auto nulls = std::make_unique<bool[]>(values.size() + 1);
    found.parts.try_emplace(part, types).first->second.add(values.data(), nulls.get());
}

}  // namespace

Oid queue_table()
{
    Oid schema = extension_schema_oid();
    return OidIsValid(schema) ? pg::call([&] { return get_relname_relid("pg_tview_queue", schema); }) : InvalidOid;
}

void append_everything(Compiled &tview)
{
    append(tview, fmt::format("INSERT INTO {} (tview) VALUES ($1)", own_table()), {REGCLASSOID},
           {{ObjectIdGetDatum(tview.tview.table)}, {}});
}

void append_keys(Compiled &tview, const std::vector<int> &part, const pg::RowSet &keys)
{
    std::string columns, arrays;
    std::vector<Oid> types{REGCLASSOID};
    pg::Parameters parameters{{ObjectIdGetDatum(tview.tview.table)}, {}};
    for (int column = 0; column < static_cast<int>(tview.analysis.key.size()); ++column) {
        auto known = std::find(part.begin(), part.end(), column);
        columns += columns.empty() ? "" : ", ";
        if (known == part.end()) {
            columns += "NULL";
            continue;
        }
        types.push_back(TEXTARRAYOID);
        parameters.values.push_back(as_text_array(keys, static_cast<std::size_t>(known - part.begin())));
        columns += fmt::format("k.c{}", types.size());
        arrays += fmt::format("{}pg_catalog.unnest(${})", arrays.empty() ? "" : ", ", types.size());
    }
    std::string names;
    for (std::size_t i = 2; i <= types.size(); ++i)
        names += fmt::format("{}c{}", names.empty() ? "" : ", ", i);
    append(tview, fmt::format("INSERT INTO {} (tview, key) SELECT $1, ARRAY[{}] FROM ROWS FROM ({}) AS k ({})", own_table(), columns,
                              arrays, names),
           types, parameters);
}

QueuedTexts queued_texts(Compiled &tview)
{
    AsExtensionOwner owner;
    QueuedTexts found;
    tview.statement(fmt::format("SELECT key FROM {} WHERE tview OPERATOR(pg_catalog.=) $1", own_table()), {REGCLASSOID})
        .query({{ObjectIdGetDatum(tview.tview.table)}, {}}, false, [&](TupleTableSlot *slot) {
            pg::call([&] { slot_getallattrs(slot); });
            if (slot->tts_isnull[0])
                found.everything = true;
            else
                found.keys.push_back(elements_of(slot->tts_values[0]));
        });
    return found;
}

QueuedKeys read_keys(const Compiled &tview, const QueuedTexts &texts)
{
    QueuedKeys found{texts.everything, {}};
    std::vector<Input> inputs = inputs_of(tview);
    ErrorData *failure = pg::attempt([&] {
        for (const auto &key : texts.keys)
            read_key(found, inputs, key);
    });
    if (failure != nullptr && !pg::is_about_data(failure))
        throw pg::Error(failure);
    found.everything |= failure != nullptr;
    return found;
}

bool has_queued_keys(Oid tview)
{
    AsExtensionOwner owner;
    bool found = false;
    pg::Statement statement(fmt::format("SELECT FROM {} WHERE tview OPERATOR(pg_catalog.=) $1 LIMIT 1", own_table()), {REGCLASSOID});
    statement.query({{ObjectIdGetDatum(tview)}, {}}, false, [&](TupleTableSlot *) { found = true; });
    return found;
}

std::vector<Oid> queued_deferred()
{
    std::vector<Oid> found;
    Oid schema = extension_schema_oid(), table = queue_table();
    if (!OidIsValid(table))
        return found;
    for (const Tview &tview : all_tviews()) {
        bool any = tview.mode == RefreshMode::deferred && !is_suspended(tview.table) && pg::call([&] {
            Relation relation = table_open(table, AccessShareLock);
            Oid index = get_relname_relid("pg_tview_queue_tview_idx", schema);
            ScanKeyData key;
            ScanKeyInit(&key, column_tview, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(tview.table));
            SysScanDesc scan = systable_beginscan(relation, index, OidIsValid(index), nullptr, 1, &key);
            bool row = HeapTupleIsValid(systable_getnext(scan));
            systable_endscan(scan);
            table_close(relation, AccessShareLock);
            return row;
        });
        if (any)
            found.push_back(tview.table);
    }
    return found;
}

void remove_queued(Oid tview)
{
    if (!OidIsValid(queue_table()))
        return;
    AsExtensionOwner owner;
    pg::Statement statement(fmt::format("DELETE FROM {} WHERE tview OPERATOR(pg_catalog.=) $1", own_table()), {REGCLASSOID});
    statement.write({{ObjectIdGetDatum(tview)}, {}}, GetActiveSnapshot(), InvalidSnapshot);
}

}  // namespace tviews::catalog
