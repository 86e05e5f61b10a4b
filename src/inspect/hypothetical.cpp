// Telling the planner of an index that is not there; see hypothetical.hpp.
#include "inspect/hypothetical.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <utility>

#include "analyze/names.hpp"
#include "catalog/meta.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"

namespace tviews::inspect {

namespace {

struct Present {
    const IndexDefinition *definition = nullptr;
    std::vector<Oid> relations;   // with partitions and children
};
Present present;
get_relation_info_hook_type next_hook = nullptr;

// The index' columns as expressions over the relation, which is number 1 in them.  C-side: may raise.
List *parse_columns(const char *table, const char *columns)
{
    const char *sql = psprintf("SELECT %s FROM ONLY %s", columns, table);
    List *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);
    Query *query = parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql, nullptr, 0, nullptr);
    List *expressions = NIL;
    for (auto *target : pg::items<TargetEntry>(query->targetList))
        expressions = lappend(expressions, target->expr);
    return expressions;
}

// C-side: may raise.
int width_of(Oid relation, const Node *expression)
{
    int width = 0;
    if (IsA(expression, Var))
        width = get_attavgwidth(relation, reinterpret_cast<const Var *>(expression)->varattno);
    return width > 0 ? width : get_typavgwidth(exprType(expression), exprTypmod(expression));
}

template <class T>
T *zeroed(int count)
{
    return static_cast<T *>(palloc0(sizeof(T) * static_cast<std::size_t>(count)));
}

// Pages and height of a btree of so many rows: entries of a header, the values and a line pointer, nine tenths full.
// C-side: may raise.
void set_size(IndexOptInfo *index, Oid relation, const List *expressions)
{
    std::size_t entry = sizeof(IndexTupleData) + sizeof(ItemIdData);
    for (auto *expression : pg::nodes(expressions))
        entry += MAXALIGN(static_cast<std::size_t>(width_of(relation, expression)));
    double per_page = std::max(1.0, BLCKSZ * 0.9 / static_cast<double>(entry));
    index->tuples = index->rel->tuples;
    index->pages = static_cast<BlockNumber>(std::ceil(index->tuples / per_page)) + 1;
    index->tree_height = static_cast<int>(std::log(index->pages) / std::log(per_page));
}

void set_method(IndexOptInfo *index)
{
    IndexAmRoutine *method = GetIndexAmRoutineByAmId(BTREE_AM_OID, false);
    index->relam = BTREE_AM_OID;
    index->amcanorderbyop = method->amcanorderbyop;
    index->amoptionalkey = method->amoptionalkey;
    index->amsearcharray = method->amsearcharray;
    index->amsearchnulls = method->amsearchnulls;
    index->amhasgettuple = method->amgettuple != nullptr;
    index->amhasgetbitmap = method->amgetbitmap != nullptr;
    index->amcanparallel = method->amcanparallel;
    index->amcanmarkpos = method->ammarkpos != nullptr && method->amrestrpos != nullptr;
    index->amcostestimate = reinterpret_cast<void (*)()>(method->amcostestimate);
    index->immediate = true;
    index->hypothetical = true;
}

// C-side: may raise.
IndexOptInfo *make_index(RelOptInfo *rel, Oid relation, List *expressions)
{
    IndexOptInfo *index = makeNode(IndexOptInfo);
    int columns = list_length(expressions);
    index->rel = rel;
    index->reltablespace = rel->reltablespace;
    index->ncolumns = index->nkeycolumns = columns;
    index->indexkeys = zeroed<int>(columns);
    index->indexcollations = zeroed<Oid>(columns);
    index->opfamily = index->sortopfamily = zeroed<Oid>(columns);
    index->opcintype = zeroed<Oid>(columns);
    index->reverse_sort = zeroed<bool>(columns);
    index->nulls_first = zeroed<bool>(columns);
    index->canreturn = zeroed<bool>(columns);
    for (int i = 0; i < columns; ++i) {
        auto *expression = static_cast<Node *>(list_nth(expressions, i));
        Oid family = GetDefaultOpClass(exprType(expression), BTREE_AM_OID);
        index->opfamily[i] = get_opclass_family(family);
        index->opcintype[i] = get_opclass_input_type(family);
        index->indexcollations[i] = exprCollation(expression);
        if (IsA(expression, Var)) {
            index->indexkeys[i] = reinterpret_cast<Var *>(expression)->varattno;
            continue;
        }
        ChangeVarNodes(expression, 1, static_cast<int>(rel->relid), 0);
        index->indexprs = lappend(index->indexprs, eval_const_expressions(nullptr, expression));
    }
    set_size(index, relation, expressions);
    set_method(index);
    return index;
}

extern "C" void on_relation_info(PlannerInfo *root, Oid relation, bool is_parent, RelOptInfo *rel)
{
    if (next_hook != nullptr)
        next_hook(root, relation, is_parent, rel);
    if (is_parent || std::find(present.relations.begin(), present.relations.end(), relation) == present.relations.end())
        return;
    pg::entry([&] {
        std::string table = analyze::qualified_relation_name(relation);
        pg::call([&] {
            List *expressions = parse_columns(table.c_str(), present.definition->columns.c_str());
            rel->indexlist = lappend(rel->indexlist, make_index(rel, relation, expressions));
        });
    });
}

bool can_index(const std::string &table, const std::string &column)
{
    return pg::call([&] {
        auto *expression = static_cast<Node *>(linitial(parse_columns(table.c_str(), column.c_str())));
        return OidIsValid(GetDefaultOpClass(exprType(expression), BTREE_AM_OID)) && !contain_mutable_functions(expression);
    });
}

}  // namespace

// Looks at the relation with every right: whoever may ask for the advice need not be able to name it.  Nothing is run.
std::optional<IndexDefinition> define_index(const IndexAdvice &advice)
{
    catalog::AsExtensionOwner owner;
    IndexDefinition definition{advice.relation, ""};
    std::string table = analyze::qualified_relation_name(advice.relation);
    for (const IndexAdvice::Part &part : advice.parts) {
        std::string column = part.is_column ? part.text : "(" + part.text + ")";
        if (can_index(table, column))
            definition.columns += (definition.columns.empty() ? "" : ", ") + column;
    }
    if (definition.columns.empty())
        return std::nullopt;
    return definition;
}

std::string IndexDefinition::sql() const
{
    bool partitioned = pg::call(get_rel_relkind, relation) == RELKIND_PARTITIONED_TABLE;
    return fmt::format("CREATE INDEX {}ON {} ({})", partitioned ? "" : "CONCURRENTLY ",
                       analyze::qualified_relation_name(relation), columns);
}

HypotheticalIndex::HypotheticalIndex(const IndexDefinition &definition)
{
    present.definition = &definition;
    present.relations = catalog::family_of(definition.relation);
    next_hook = std::exchange(get_relation_info_hook, on_relation_info);
}

HypotheticalIndex::~HypotheticalIndex()
{
    get_relation_info_hook = next_hook;
    present = {};
}

}  // namespace tviews::inspect
