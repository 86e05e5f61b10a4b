// Matching steps with existing indexes; see indexes.hpp.
#include "inspect/indexes.hpp"

#include <map>

#include "analyze/names.hpp"
#include "pg/list.hpp"
#include "pg/guard.hpp"

namespace tviews::inspect {

namespace {

bool uses_whole_row(const model::Expression &expression)
{
    for (const model::ColumnRef &input : expression.inputs)
        if (input.attribute == model::whole_row)
            return true;
    return false;
}

// What an index could begin with: text as pg_get_indexdef_columns prints it, and whether it is a column.
using Starts = std::map<std::string, bool>;

Starts wanted_starts(const model::Analysis &analysis, const model::Step &step, int occurrence)
{
    Starts wanted;
    for (int c : step.conditions) {
        const auto &equality = analysis.conditions[c].equality;
        if (!equality)
            continue;
        for (const model::Expression *side : {&equality->left, &equality->right})
            if (side->occurrences() == std::set<int>{occurrence} && !uses_whole_row(*side))
                wanted.emplace(side->render([&](const model::ColumnRef &input) -> std::string {
                    const model::Attribute *attribute = analysis.occurrences[occurrence].attribute(input.attribute);
                    return pg::call([&]() -> const char * { return quote_identifier(attribute->name.c_str()); });
                }), side->is_column());
    }
    return wanted;
}

// A valid btree or hash index over all rows.  C-side: may raise.
bool serves_lookups(Oid index)
{
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool whole = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indisvalid &&
                 heap_attisnull(tuple, Anum_pg_index_indpred, nullptr);
    ReleaseSysCache(tuple);
    tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple))
        return false;
    Oid method = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relam;
    ReleaseSysCache(tuple);
    return whole && (method == BTREE_AM_OID || method == HASH_AM_OID);
}

// The name of a valid index of the relation that begins with one of the wanted texts; empty if none does.
std::string find_index(Oid relation, const Starts &wanted)
{
    analyze::QualifiedNames qualified;
    List *indexes = pg::call([&] {
        Relation open = relation_open(relation, AccessShareLock);
        List *list = RelationGetIndexList(open);
        relation_close(open, AccessShareLock);
        return list;
    });
    for (int i = 0; indexes != nullptr && i < indexes->length; ++i) {
        Oid index = lfirst_oid(&indexes->elements[i]);
        const char *first = pg::call([&]() -> const char * {
            if (!serves_lookups(index))
                return "";
            return TextDatumGetCString(DirectFunctionCall3(pg_get_indexdef_ext, ObjectIdGetDatum(index), Int32GetDatum(1),
                                                           BoolGetDatum(false)));
        });
        // An expression may come with parentheses of its own.
        std::string text = first;
        bool enclosed = text.size() > 2 && text.front() == '(' && text.back() == ')';
        if (wanted.count(text) != 0 || (enclosed && wanted.count(text.substr(1, text.size() - 2)) != 0))
            return pg::call([&]() -> const char * { return get_rel_name(index); });
    }
    return "";
}

}  // namespace

std::optional<IndexAdvice> index_for(const model::Analysis &analysis, const model::Step &step, int occurrence)
{
    Starts wanted = wanted_starts(analysis, step, occurrence);
    if (wanted.empty())
        return std::nullopt;
    Oid relation = analysis.occurrences[occurrence].relation;
    IndexAdvice advice;
    advice.relation = relation;
    const char *table = pg::call(get_rel_name, relation);
    advice.table = table ? table : "?";
    for (const auto &[text, is_column] : wanted) {
        advice.parts.push_back({text, is_column});
        advice.columns += (advice.columns.empty() ? "" : ", ") + text;
    }
    advice.existing = find_index(relation, wanted);
    return advice;
}

}  // namespace tviews::inspect
