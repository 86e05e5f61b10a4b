// Catalog objects as SQL text; see names.hpp.
#include "analyze/names.hpp"

#include <exception>

namespace tviews::analyze {

std::string qualified_relation_name(Oid relation)
{
    return pg::call([&]() -> const char * {
        char *name = get_rel_name(relation);
        if (name == nullptr)
            elog(ERROR, "relation with OID %u does not exist", relation);
        return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
    });
}

bool equal_is_identical(Oid type, Oid collation)
{
    TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
    // bpchar claims it, but equal values may end in more or fewer blanks.
    if (!OidIsValid(cache->btree_opf) || cache->btree_opintype == BPCHAROID)
        return false;
    Oid function = get_opfamily_proc(cache->btree_opf, cache->btree_opintype, cache->btree_opintype, BTEQUALIMAGE_PROC);
    return OidIsValid(function) &&
           DatumGetBool(OidFunctionCall1Coll(function, collation, ObjectIdGetDatum(cache->btree_opintype)));
}

model::Type describe_type(Oid type, Oid collation)
{
    struct Names {
        const char *name, *array, *collation;
        bool discrete;
    };
    Names names = pg::call([&] {
        Oid array = get_array_type(type);
        bool own = !OidIsValid(collation) || collation == get_typcollation(type);
        // Without TYPEMOD_GIVEN bit and bpchar would come out as what the parser takes for bit(1) and char(1).
        auto name_of = [](Oid named) {
            return format_type_extended(named, -1, FORMAT_TYPE_FORCE_QUALIFY | FORMAT_TYPE_TYPEMOD_GIVEN);
        };
        return Names{name_of(type), OidIsValid(array) ? name_of(array) : "",
                     own ? "" : generate_collation_name(collation),
                     equal_is_identical(type, collation) &&
                         OidIsValid(lookup_type_cache(type, TYPECACHE_HASH_PROC)->hash_proc)};
    });
    return {type, names.name, names.array, names.collation, names.discrete};
}

std::string equality_operator(Oid type)
{
    return pg::call([&]() -> const char * {
        TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_BTREE_OPFAMILY);
        if (!OidIsValid(cache->eq_opr) || !OidIsValid(cache->btree_opf))
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                            errmsg("type %s has no default btree operator class", format_type_be(type)),
                            errdetail("A TVIEW's key columns must be comparable, because they form its primary key."),
                            errhint("Cast the key column to a type with a default btree operator class.")));
        HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(cache->eq_opr));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "cache lookup failed for operator %u", cache->eq_opr);
        auto *form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
        char *text = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
                              NameStr(form->oprname));
        ReleaseSysCache(tuple);
        return text;
    });
}

Oid operator_schema(Oid operation)
{
    HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operation));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator %u", operation);
    Oid schema = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple))->oprnamespace;
    ReleaseSysCache(tuple);
    return schema;
}

QualifiedNames::QualifiedNames()
    : nest_level_(pg::call(NewGUCNestLevel)), exceptions_(std::uncaught_exceptions())
{
    pg::call([] {
        set_config_option("search_path", "pg_catalog", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    });
}

QualifiedNames::~QualifiedNames()
{
    if (std::uncaught_exceptions() == exceptions_)
        AtEOXact_GUC(true, nest_level_);
}

}  // namespace tviews::analyze
