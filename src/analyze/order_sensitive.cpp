// Lists of functions; see order_sensitive.hpp.
#include "analyze/order_sensitive.hpp"

#include <algorithm>
#include <string_view>

#include "pg/list.hpp"

namespace tviews::analyze {

namespace {

constexpr std::string_view order_sensitive[] = {"array_agg", "json_agg", "jsonb_agg", "string_agg", "xmlagg", "json_object_agg",
                                                "jsonb_object_agg"};

// Of these, the ones of whose result only the order of elements is open.
constexpr std::string_view array_makers[] = {"array_agg", "json_agg", "jsonb_agg"};

// Aggregates that add up: over floating-point numbers the order of addition shows in the last digits.
constexpr std::string_view summing[] = {"sum",        "avg",         "variance",   "var_pop",       "var_samp", "stddev",
                                        "stddev_pop", "stddev_samp", "corr",       "covar_pop",     "covar_samp",
                                        "regr_avgx",  "regr_avgy",   "regr_slope", "regr_intercept", "regr_r2",
                                        "regr_sxx",   "regr_sxy",    "regr_syy"};

constexpr std::string_view picking[] = {"min", "max", "mode", "percentile_disc"};

// Window functions with one result for all rows that the window's ORDER BY does not tell apart.
constexpr std::string_view of_peers[] = {"rank", "dense_rank", "percent_rank", "cume_dist"};
constexpr std::string_view of_frame[] = {"first_value", "last_value", "nth_value"};

// Transition functions of user-defined aggregates for which the order does not matter.
constexpr std::string_view commutative[] = {"int2pl", "int4pl", "int8pl", "numeric_add", "int2mul", "int4mul", "int8mul",
                                            "numeric_mul", "cash_pl", "interval_pl", "booland_statefunc", "boolor_statefunc",
                                            "int2and", "int4and", "int8and", "int2or", "int4or", "int8or", "bitand", "bitor"};

// Functions that keep arrays they are given as they are.
constexpr std::string_view json_builders[] = {"jsonb_build_object", "jsonb_build_array", "json_build_object", "json_build_array",
                                              "to_jsonb", "to_json", "row_to_json", "array_to_json", "jsonb_concat",
                                              "jsonb_strip_nulls", "json_strip_nulls"};

template <std::size_t n>
bool listed(const std::string_view (&names)[n], std::string_view name)
{
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Function {
    std::string name;
    bool builtin;
};

Function look_up(Oid oid)
{
    struct Facts {
        const char *name;
        Oid schema;
    };
    Facts facts = pg::call([&] { return Facts{get_func_name(oid), get_func_namespace(oid)}; });
    return {facts.name, facts.schema == PG_CATALOG_NAMESPACE};
}

bool is_floating(const List *types)
{
    return types != nullptr && (linitial_oid(types) == FLOAT8OID || linitial_oid(types) == FLOAT4OID);
}

bool is_floating_call(const WindowFunc *function)
{
    if (function->args == nullptr)
        return false;
    Oid type = pg::call(exprType, static_cast<const Node *>(pg::nth(function->args, 0)));
    return type == FLOAT8OID || type == FLOAT4OID;
}

// A user-defined aggregate that adds up, or picks the least or greatest as min() does.
bool ignores_order(const Aggref *aggregate)
{
    struct Facts {
        Oid transition;
        bool picks;
    };
    Facts facts = pg::call([&] {
        HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate->aggfnoid));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "cache lookup failed for aggregate %u", aggregate->aggfnoid);
        auto *form = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
        Facts found{form->aggtransfn, OidIsValid(form->aggsortop)};
        ReleaseSysCache(tuple);
        return found;
    });
    Function transition = look_up(facts.transition);
    return facts.picks || (transition.builtin && listed(commutative, transition.name));
}

}  // namespace

AggregateTraits aggregate_traits(const Aggref *aggregate)
{
    Function function = look_up(aggregate->aggfnoid);
    AggregateTraits traits{function.name};
    if (!function.builtin) {
        traits.sensitive = !ignores_order(aggregate);
        return traits;
    }
    traits.floating = is_floating(aggregate->aggargtypes) && listed(summing, function.name);
    traits.sensitive = traits.floating || listed(order_sensitive, function.name);
    traits.makes_array = listed(array_makers, function.name);
    traits.by_key = function.name == "jsonb_object_agg";
    traits.picks = listed(picking, function.name);
    return traits;
}

WindowTraits window_traits(const WindowFunc *function, bool by_rows)
{
    Function what = look_up(function->winfnoid);
    WindowTraits traits{what.name};
    traits.of_values = what.builtin && (listed(of_frame, what.name) || (function->winagg && !by_rows));
    if (function->winagg)
        traits.sensitive = by_rows || !what.builtin || listed(order_sensitive, what.name) ||
                           (is_floating_call(function) && listed(summing, what.name));
    else
        traits.sensitive = !(what.builtin && listed(of_peers, what.name));
    return traits;
}

bool keeps_arrays(Node *node)
{
    if (IsA(node, ArrayExpr) || IsA(node, RowExpr))
        return true;
    if (IsA(node, CoerceViaIO)) {
        auto *cast = reinterpret_cast<CoerceViaIO *>(node);
        Oid from = pg::call(exprType, reinterpret_cast<const Node *>(cast->arg));
        return (from == JSONOID || from == JSONBOID) && (cast->resulttype == JSONOID || cast->resulttype == JSONBOID);
    }
    Oid oid = IsA(node, FuncExpr) ? reinterpret_cast<FuncExpr *>(node)->funcid
              : IsA(node, OpExpr) ? pg::call(get_opcode, reinterpret_cast<OpExpr *>(node)->opno) : InvalidOid;
    if (!OidIsValid(oid))
        return false;
    Function function = look_up(oid);
    return function.builtin && listed(json_builders, function.name);
}

}  // namespace tviews::analyze
