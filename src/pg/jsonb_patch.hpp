// Setting values at places of a jsonb document, all in one pass, by PostgreSQL's own jsonb reader and writer; where every value takes
// as much room as the one it replaces, as numbers and times mostly do, in a copy of the document's bytes.
//
// C data and C-side functions: everything lives in the current memory context, and anything here may raise, so call it under the
// guard.  Not here: which values go where (refresh/patch.hpp).
#pragma once

#include "pg/guard.hpp"

namespace tviews::pg {

// Keys from the document's root, or from that of an array's element, inward.
struct JsonPlace {
    const char *const *keys;
    const int *lengths;
    int depth;
};

struct JsonSetting {
    const JsonPlace *place;
    JsonbValue value;
};

// Values to set in the elements of an array that hold these scalars, in the order of JsonArray::ids.
struct JsonElement {
    const JsonbValue *ids;
    const JsonSetting *settings;
    int count;
};

struct JsonArray {
    const JsonPlace *place;
    const JsonPlace *ids;
    int id_count;
    JsonElement *elements;        // are sorted in place
    int count;
};

struct JsonPatch {
    const JsonSetting *settings;
    int count;
    const JsonArray *arrays;
    int array_count;
};

// The document with the values set.  Null if it has no such place; elements that are not there need nothing set.  `same_room`: whether
// the values may take as much room as those they replace; is false afterwards if one does not, for the next document's hardly will.
Jsonb *patch_jsonb(Jsonb *document, const JsonPatch &patch, bool *same_room);

// Any value as PostgreSQL's to_jsonb() gives it; `to_jsonb` knows the value's type (see to_jsonb_of).  NULL is JSON's null.
JsonbValue json_value(FmgrInfo *to_jsonb, Datum value, bool is_null);

// to_jsonb() for values of this type; null for jsonb, whose values are what they are.
FmgrInfo *to_jsonb_of(Oid type);

}  // namespace tviews::pg
