// One pass over a document; see jsonb_patch.hpp.  Plain C data throughout: an error may leave by a jump.
#include "pg/jsonb_patch.hpp"

#include <algorithm>
#include <cstring>

namespace tviews::pg {

namespace {

// What is to be done below a point of the document: the settings and arrays whose places lead through it.
struct Below {
    const JsonSetting **settings;
    int count;
    const JsonArray **arrays;
    int array_count;
    bool none() const { return count == 0 && array_count == 0; }
};

bool leads_through(const JsonPlace *place, int depth, const JsonbValue &key)
{
    return place->depth > depth && place->lengths[depth] == key.val.string.len &&
           std::memcmp(place->keys[depth], key.val.string.val, static_cast<std::size_t>(key.val.string.len)) == 0;
}

Below narrowed(const Below &below, int depth, const JsonbValue &key)
{
    Below inside{};
    for (int i = 0; i < below.count; ++i) {
        if (!leads_through(below.settings[i]->place, depth, key))
            continue;
        if (inside.settings == nullptr)
            inside.settings = static_cast<const JsonSetting **>(palloc(sizeof(void *) * static_cast<std::size_t>(below.count)));
        inside.settings[inside.count++] = below.settings[i];
    }
    for (int i = 0; i < below.array_count; ++i) {
        if (!leads_through(below.arrays[i]->place, depth, key))
            continue;
        if (inside.arrays == nullptr)
            inside.arrays = static_cast<const JsonArray **>(palloc(sizeof(void *) * static_cast<std::size_t>(below.array_count)));
        inside.arrays[inside.array_count++] = below.arrays[i];
    }
    return inside;
}

int compare_scalars(const JsonbValue &one, const JsonbValue &other)
{
    if (one.type != other.type)
        return one.type < other.type ? -1 : 1;
    if (one.type == jbvNumeric)
        return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(one.val.numeric), NumericGetDatum(other.val.numeric)));
    if (one.type != jbvString)
        return 0;
    int shorter = std::min(one.val.string.len, other.val.string.len);
    int order = std::memcmp(one.val.string.val, other.val.string.val, static_cast<std::size_t>(shorter));
    return order != 0 ? order : one.val.string.len - other.val.string.len;
}

int compare_ids(const JsonbValue *one, const JsonbValue *other, int count)
{
    for (int i = 0; i < count; ++i)
        if (int order = compare_scalars(one[i], other[i]))
            return order;
    return 0;
}

// The container that the first `depth` keys of a place lead to; null if there is none.
JsonbContainer *find_container(JsonbContainer *container, const JsonPlace &place, int depth)
{
    JsonbValue found;
    for (int i = 0; i < depth; ++i) {
        if (!JsonContainerIsObject(container) ||
            getKeyJsonValueFromContainer(container, place.keys[i], place.lengths[i], &found) == nullptr || found.type != jbvBinary)
            return nullptr;
        container = found.val.binary.data;
    }
    return container;
}

// The number or text at a place inside an object; false if there is none.
bool find_scalar(JsonbContainer *object, const JsonPlace &place, JsonbValue *found)
{
    int last = place.depth - 1;
    object = last < 0 ? nullptr : find_container(object, place, last);
    return object != nullptr && JsonContainerIsObject(object) &&
           getKeyJsonValueFromContainer(object, place.keys[last], place.lengths[last], found) != nullptr &&
           (found->type == jbvNumeric || found->type == jbvString);
}

// The element of the patch that is made of the same row.
const JsonElement *find_element(JsonbContainer *element, const JsonArray &patch)
{
    if (!JsonContainerIsObject(element))
        return nullptr;
    JsonbValue ids[INDEX_MAX_KEYS];
    for (int i = 0; i < patch.id_count; ++i)
        if (!find_scalar(element, patch.ids[i], &ids[i]))
            return nullptr;
    const JsonElement *end = patch.elements + patch.count;
    const JsonElement sought{ids, nullptr, 0};
    auto before = [&](const JsonElement &one, const JsonElement &other) { return compare_ids(one.ids, other.ids, patch.id_count) < 0; };
    const JsonElement *at = std::lower_bound(static_cast<const JsonElement *>(patch.elements), end, sought, before);
    return at != end && compare_ids(at->ids, ids, patch.id_count) == 0 ? at : nullptr;
}

// ---- values that take as much room as those they replace: a copy of the document with other bytes in their place

bool overwrite(JsonbContainer *object, const JsonSetting &setting)
{
    JsonbValue stored;
    const JsonbValue &value = setting.value;
    if (!find_scalar(object, *setting.place, &stored) || stored.type != value.type)
        return false;
    if (value.type == jbvString) {
        if (stored.val.string.len != value.val.string.len)
            return false;
        std::memcpy(stored.val.string.val, value.val.string.val, static_cast<std::size_t>(value.val.string.len));
        return true;
    }
    if (VARSIZE_ANY(stored.val.numeric) != VARSIZE_ANY(value.val.numeric))
        return false;
    std::memcpy(stored.val.numeric, value.val.numeric, VARSIZE_ANY(value.val.numeric));
    return true;
}

bool overwrite(JsonbContainer *object, const JsonSetting *settings, int count)
{
    return std::all_of(settings, settings + count, [&](const JsonSetting &setting) { return overwrite(object, setting); });
}

bool overwrite(JsonbContainer *root, const JsonArray &patch)
{
    JsonbContainer *array = find_container(root, *patch.place, patch.place->depth);
    if (array == nullptr || !JsonContainerIsArray(array) || JsonContainerIsScalar(array))
        return false;
    JsonbIterator *iterator = JsonbIteratorInit(array);
    JsonbValue element;
    for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE;) {
        if (token != WJB_ELEM || element.type != jbvBinary)
            continue;
        const JsonElement *known = find_element(element.val.binary.data, patch);
        if (known != nullptr && !overwrite(element.val.binary.data, known->settings, known->count))
            return false;
    }
    return true;
}

// Null if some value takes more room or less, or if there is no place for it.
Jsonb *overwritten(Jsonb *document, const JsonPatch &patch)
{
    auto *copy = static_cast<Jsonb *>(palloc(VARSIZE(document)));
    std::memcpy(copy, document, VARSIZE(document));
    bool fits = overwrite(&copy->root, patch.settings, patch.count) &&
                std::all_of(patch.arrays, patch.arrays + patch.array_count,
                            [&](const JsonArray &array) { return overwrite(&copy->root, array); });
    if (fits)
        return copy;
    pfree(copy);
    return nullptr;
}

// ---- others: the document is written anew

class Copier {
public:
    // The setting's places found count up to `found`.
    bool object(JsonbContainer *container, const Below &below, int depth)
    {
        JsonbIterator *iterator = JsonbIteratorInit(container);
        JsonbValue key, value;
        for (;;) {
            JsonbIteratorToken token = JsonbIteratorNext(&iterator, &key, true);
            if (token == WJB_BEGIN_OBJECT || token == WJB_END_OBJECT) {
                result = pushJsonbValue(&state_, token, nullptr);
                if (token == WJB_END_OBJECT)
                    return true;
                continue;
            }
            Below inside = narrowed(below, depth, key);
            pushJsonbValue(&state_, WJB_KEY, &key);
            JsonbIteratorNext(&iterator, &value, true);
            if (!member(value, inside, depth + 1))
                return false;
        }
    }

    JsonbValue *result = nullptr;
    int found = 0;

private:
    bool member(JsonbValue &value, const Below &below, int depth)
    {
        if (below.none()) {
            pushJsonbValue(&state_, WJB_VALUE, &value);
            return true;
        }
        for (int i = 0; i < below.count; ++i)
            if (below.settings[i]->place->depth == depth) {
                ++found;
                JsonbValue set = below.settings[i]->value;
                pushJsonbValue(&state_, WJB_VALUE, &set);
                return below.count == 1 && below.array_count == 0;
            }
        if (value.type != jbvBinary) {        // an array that is null has no elements
            pushJsonbValue(&state_, WJB_VALUE, &value);
            return below.count == 0;
        }
        if (JsonContainerIsObject(value.val.binary.data))
            return object(value.val.binary.data, below, depth);
        for (int i = 0; i < below.array_count; ++i)
            if (below.array_count == 1 && below.count == 0 && below.arrays[i]->place->depth == depth)
                return array(value.val.binary.data, *below.arrays[i]);
        return false;
    }

public:
    bool array(JsonbContainer *container, const JsonArray &patch)
    {
        JsonbIterator *iterator = JsonbIteratorInit(container);
        JsonbValue element;
        for (;;) {
            JsonbIteratorToken token = JsonbIteratorNext(&iterator, &element, true);
            if (token == WJB_BEGIN_ARRAY || token == WJB_END_ARRAY) {
                result = pushJsonbValue(&state_, token, nullptr);
                if (token == WJB_END_ARRAY)
                    return true;
                continue;
            }
            const JsonElement *known = element.type == jbvBinary ? find_element(element.val.binary.data, patch) : nullptr;
            if (known == nullptr) {
                pushJsonbValue(&state_, WJB_ELEM, &element);
                continue;
            }
            auto **settings = static_cast<const JsonSetting **>(palloc(sizeof(void *) * static_cast<std::size_t>(known->count)));
            for (int i = 0; i < known->count; ++i)
                settings[i] = known->settings + i;
            int before = found;
            if (!object(element.val.binary.data, {settings, known->count, nullptr, 0}, 0) || found - before != known->count)
                return false;
            found = before;
        }
    }

private:
    JsonbParseState *state_ = nullptr;
};

}  // namespace

Jsonb *patch_jsonb(Jsonb *document, const JsonPatch &patch, bool *same_room)
{
    for (int i = 0; i < patch.array_count; ++i) {
        const JsonArray &array = patch.arrays[i];
        std::sort(array.elements, array.elements + array.count, [&](const JsonElement &one, const JsonElement &other) {
            return compare_ids(one.ids, other.ids, array.id_count) < 0;
        });
    }
    Jsonb *made = *same_room ? overwritten(document, patch) : nullptr;
    if (made != nullptr)
        return made;
    *same_room = false;
    Copier copier;
    JsonbContainer *root = &document->root;
    if (patch.array_count == 1 && patch.arrays[0].place->depth == 0) {
        if (!JsonContainerIsArray(root) || JsonContainerIsScalar(root))
            return JB_ROOT_IS_SCALAR(document) ? document : nullptr;
        return copier.array(root, patch.arrays[0]) ? JsonbValueToJsonb(copier.result) : nullptr;
    }
    if (!JsonContainerIsObject(root))
        return nullptr;
    auto **settings = static_cast<const JsonSetting **>(palloc(sizeof(void *) * static_cast<std::size_t>(patch.count + 1)));
    for (int i = 0; i < patch.count; ++i)
        settings[i] = patch.settings + i;
    auto **arrays = static_cast<const JsonArray **>(palloc(sizeof(void *) * static_cast<std::size_t>(patch.array_count + 1)));
    for (int i = 0; i < patch.array_count; ++i)
        arrays[i] = patch.arrays + i;
    if (!copier.object(root, {settings, patch.count, arrays, patch.array_count}, 0) || copier.found != patch.count)
        return nullptr;
    return JsonbValueToJsonb(copier.result);
}

JsonbValue json_value(FmgrInfo *to_jsonb, Datum value, bool is_null)
{
    JsonbValue result;
    if (is_null) {
        result.type = jbvNull;
        return result;
    }
    Jsonb *json = DatumGetJsonbP(to_jsonb != nullptr ? FunctionCall1(to_jsonb, value) : value);
    if (JsonbExtractScalar(&json->root, &result))
        return result;
    result.type = jbvBinary;
    result.val.binary.data = &json->root;
    result.val.binary.len = VARSIZE(json) - VARHDRSZ;
    return result;
}

FmgrInfo *to_jsonb_of(Oid type)
{
    if (type == JSONBOID)
        return nullptr;
    auto *function = static_cast<FmgrInfo *>(palloc(sizeof(FmgrInfo)));
    fmgr_info(F_TO_JSONB, function);
    Node *argument = reinterpret_cast<Node *>(makeNullConst(type, -1, InvalidOid));
    fmgr_info_set_expr(reinterpret_cast<Node *>(makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument), InvalidOid, InvalidOid,
                                                             COERCE_EXPLICIT_CALL)), function);
    return function;
}

}  // namespace tviews::pg
