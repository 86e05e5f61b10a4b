// Writing a document with its arrays sorted; see modulo_order.hpp.
#include "inspect/modulo_order.hpp"

#include <algorithm>
#include <vector>

namespace tviews::inspect {

namespace {

// The lengths before the parts keep ["a", "b"] and ["ab"] apart.
std::string enclosed(char kind, const std::vector<std::string> &parts)
{
    std::string text(1, kind);
    for (const std::string &part : parts)
        text += std::to_string(part.size()) + ":" + part;
    return text;
}

std::string scalar(const JsonbValue *value)
{
    switch (value->type) {
    case jbvNull:
        return "0";
    case jbvBool:
        return value->val.boolean ? "t" : "f";
    case jbvString:
        return "\"" + std::string(value->val.string.val, static_cast<std::size_t>(value->val.string.len));
    default:
        return pg::call([&]() -> const char * {
            return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
        });
    }
}

// What follows in the iteration up to the end of the container that has begun with `begin`.
std::string container(JsonbIterator **iterator, JsonbIteratorToken begin)
{
    pg::call([] {
        CHECK_FOR_INTERRUPTS();
        check_stack_depth();
    });
    std::vector<std::string> parts;
    for (;;) {
        JsonbValue value;
        JsonbIteratorToken token = pg::call([&] { return JsonbIteratorNext(iterator, &value, false); });
        if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
            break;
        parts.push_back(token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT ? container(iterator, token) : scalar(&value));
    }
    if (begin == WJB_BEGIN_ARRAY)
        std::sort(parts.begin(), parts.end());
    return enclosed(begin == WJB_BEGIN_ARRAY ? '[' : '{', parts);
}

}  // namespace

std::string without_order(Datum document)
{
    struct Start {
        JsonbIterator *iterator;
        JsonbIteratorToken token;
    };
    Start start = pg::call([&] {
        JsonbValue value;
        Start begun;
        begun.iterator = JsonbIteratorInit(&DatumGetJsonbP(document)->root);
        begun.token = JsonbIteratorNext(&begun.iterator, &value, false);
        return begun;
    });
    return container(&start.iterator, start.token);
}

}  // namespace tviews::inspect
