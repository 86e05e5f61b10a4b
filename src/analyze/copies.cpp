// Finding copies; see copies.hpp.
#include "analyze/copies.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "analyze/row_values.hpp"
#include "analyze/unique.hpp"
#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

using model::AttributeNumber;

// Whether its rows, or groups of them, are given as they are: none left out but by a condition, put in order or made twice.
bool is_plain(const Query *query)
{
    return query->groupingSets == nullptr && !query->hasWindowFuncs && !query->hasTargetSRFs && query->distinctClause == nullptr &&
           query->sortClause == nullptr && query->limitCount == nullptr && query->limitOffset == nullptr &&
           query->setOperations == nullptr;
}

bool is_grouped(const Query *query)
{
    return query->groupClause != nullptr || query->havingQual != nullptr || query->hasAggs;
}

// The column a Var of this level stands for, through the aliases of joins; none if a join computes it of both sides'.
const Var *behind_joins(const Query *query, const Var *var)
{
    for (;;) {
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(query->rtable, static_cast<int>(var->varno) - 1));
        if (rte->rtekind != RTE_JOIN)
            return var;
        auto *merged = var->varattno > 0 ? static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1)) : nullptr;
        if (merged == nullptr || !IsA(merged, Var))
            return nullptr;
        var = reinterpret_cast<Var *>(merged);
    }
}

// The keys of jsonb_build_object()'s arguments, if all are constant and none comes twice; else none.
std::vector<std::string> constant_keys(const List *arguments)
{
    std::vector<std::string> keys;
    for (int i = 0; i + 1 < pg::length(arguments); i += 2) {
        Node *key = pg::strip_relabel(static_cast<Node *>(pg::nth(arguments, i)));
        auto *constant = IsA(key, Const) ? reinterpret_cast<Const *>(key) : nullptr;
        if (constant == nullptr || constant->constisnull ||
            (constant->consttype != TEXTOID && constant->consttype != UNKNOWNOID))
            return {};
        keys.emplace_back(pg::call([&]() -> const char * {      // a literal stays of unknown type here
            return constant->consttype == TEXTOID ? TextDatumGetCString(constant->constvalue)
                                                  : DatumGetCString(constant->constvalue);
        }));
    }
    std::set<std::string> distinct(keys.begin(), keys.end());
    return distinct.size() == keys.size() ? keys : std::vector<std::string>{};
}

// Calls visit(value, path) for `node` and for each value in its nested objects.  Nothing is looked through: x::text is not x.
template <class Visit>
void visit_values(Node *node, std::vector<std::string> &path, const Visit &visit)
{
    if (node == nullptr)
        return;
    auto *function = IsA(node, FuncExpr) ? reinterpret_cast<FuncExpr *>(node) : nullptr;
    if (function == nullptr || function->funcid != F_JSONB_BUILD_OBJECT_ANY || function->funcvariadic)
        return visit(node, path);
    auto keys = constant_keys(function->args);
    if (keys.empty())
        return visit(node, path);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        path.push_back(keys[i]);
        visit_values(static_cast<Node *>(pg::nth(function->args, static_cast<int>(2 * i + 1))), path, visit);
        path.pop_back();
    }
}

// ---- what a query level puts into documents

// An expression whose values are those of an output column, or of the elements of an array.
struct Place {
    std::string output;           // empty: elements
    Node *node;
};

// Columns of one relation of a query level: where they or what is computed of them are copied, and what else refers to them.
class CopyFinder {
public:
    CopyFinder(Query *query, int rti) : query_(query), rti_(rti) {}

    // Every copy in these places, whatever else the column is used for.
    std::vector<model::Copy> copies(const std::vector<Place> &places) const
    {
        std::vector<model::Copy> found;
        for (const Place &place : places) {
            std::vector<std::string> path;
            visit_values(place.node, path, [&](Node *value, const std::vector<std::string> &at) {
                auto made = row_value(value, [&](const Var *var) { return column(var); });
                if (made)
                    found.push_back({made->columns, place.output, at, made->text, made->type});
            });
        }
        return found;
    }

    // The columns that are used for nothing but these copies.
    std::set<AttributeNumber> pure(const std::vector<model::Copy> &copies)
    {
        count_uses();
        std::map<AttributeNumber, int> copied;
        for (const model::Copy &copy : copies)
            for (AttributeNumber column : copy.columns)
                ++copied[column];
        std::set<AttributeNumber> found;
        for (const auto &[column, times] : copied)
            if (uses_.count(model::whole_row) == 0 && uses_[column] == times)
                found.insert(column);
        return found;
    }

    // Whether the query refers to this column in one place only.
    bool is_used_once(AttributeNumber column)
    {
        count_uses();
        return uses_.count(model::whole_row) == 0 && uses_[column] == 1;
    }

private:
    // The relation's column behind a Var; none if it is another's or computed.
    std::optional<AttributeNumber> column(const Var *var) const
    {
        var = behind_joins(query_, var);
        return var != nullptr && static_cast<int>(var->varno) == rti_ ? std::optional(var->varattno) : std::nullopt;
    }

    void count_uses()
    {
        uses_.clear();
        count_uses(reinterpret_cast<Node *>(query_), 0);
    }

    // Counts what refers to the relation's columns, anywhere in the query.
    void count_uses(Node *node, Index depth)
    {
        if (node == nullptr)
            return;
        if (IsA(node, Query)) {
            Index inside = node == reinterpret_cast<Node *>(query_) ? 0 : depth + 1;
            pg::walk_query_children(reinterpret_cast<Query *>(node), QTW_IGNORE_JOINALIASES, [&](Node *child) {
                count_uses(child, inside);
                return false;
            });
            return;
        }
        if (IsA(node, Var)) {
            auto *var = reinterpret_cast<Var *>(node);
            if (var->varlevelsup != depth)
                return;
            if (auto found = column(var))
                ++uses_[*found];
            else
                count_merged(var);
            return;
        }
        pg::walk_children(node, [&](Node *child) {
            count_uses(child, depth);
            return false;
        });
    }

    // A column that a join computes of both sides' (USING in a FULL JOIN) uses whatever it is made of.
    void count_merged(const Var *var)
    {
        auto *rte = static_cast<RangeTblEntry *>(pg::nth(query_->rtable, static_cast<int>(var->varno) - 1));
        if (rte->rtekind != RTE_JOIN)
            return;
        if (var->varattno <= 0)
            ++uses_[model::whole_row];
        else
            count_uses(static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1)), 0);
    }

    Query *query_;
    int rti_;
    std::map<AttributeNumber, int> uses_;
};

// An array in the documents: jsonb_agg() of the rows that a query level joins, and nothing done with it but putting it there.
struct Array {
    const Scope *scope;
    Node *element;
    std::string output;
    std::vector<std::string> path;
};

// Whether an expression is a JSON constant without elements: those of a default could be taken for a row's.
bool is_empty_json(Node *node)
{
    node = pg::strip_relabel(node);
    auto *constant = IsA(node, Const) ? reinterpret_cast<Const *>(node) : nullptr;
    return constant != nullptr && constant->consttype == JSONBOID &&
           (constant->constisnull || pg::call([&] { return JB_ROOT_COUNT(DatumGetJsonbP(constant->constvalue)) == 0; }));
}

// The value behind COALESCE(value, constant).
Node *without_default(Node *value)
{
    if (!IsA(value, CoalesceExpr))
        return value;
    const List *arguments = reinterpret_cast<CoalesceExpr *>(value)->args;
    bool is_default = pg::length(arguments) == 2 && is_empty_json(static_cast<Node *>(pg::nth(arguments, 1)));
    return is_default ? static_cast<Node *>(pg::nth(arguments, 0)) : value;
}

// A value of a query level.
struct Value {
    const Scope *scope;
    Node *node;
};

// What a value is in the subquery it comes from, an expression's or one in FROM; none, if it comes from none or if more than this is
// done with it.
std::optional<Value> in_its_subquery(const ScopeTree &tree, const Value &value)
{
    const Scope *inner = nullptr;
    AttributeNumber column = 1;
    if (IsA(value.node, SubLink)) {
        auto *sublink = reinterpret_cast<SubLink *>(value.node);
        inner = sublink->subLinkType == EXPR_SUBLINK ? value.scope->sublink_scope(sublink) : nullptr;
    } else if (IsA(value.node, Var) && reinterpret_cast<Var *>(value.node)->varlevelsup == 0) {
        const Var *var = behind_joins(value.scope->query, reinterpret_cast<Var *>(value.node));
        if (var == nullptr || var->varattno <= 0)
            return std::nullopt;
        const Source &source = value.scope->sources[var->varno];
        column = var->varattno;
        if (source.kind == Source::subquery && CopyFinder(value.scope->query, static_cast<int>(var->varno)).is_used_once(column))
            inner = source.scope;
    }
    if (inner == nullptr || tree.is_rewritten(inner) || inner->recursion || inner->recursive || !is_plain(inner->query))
        return std::nullopt;
    auto *entry = static_cast<TargetEntry *>(pg::nth(inner->query->targetList, column - 1));
    return Value{inner, reinterpret_cast<Node *>(entry->expr)};
}

// The array a value is, if it is one.  A function may give its result another type, text say.
std::optional<Array> as_array(const ScopeTree &tree, Value value)
{
    for (;;) {
        value.node = without_default(value.node);
        if (pg::call(exprType, value.node) != JSONBOID)
            return std::nullopt;
        if (IsA(value.node, Aggref))
            break;
        auto inner = in_its_subquery(tree, value);
        if (!inner)
            return std::nullopt;
        value = *inner;
    }
    auto *aggregate = reinterpret_cast<Aggref *>(value.node);
    if (aggregate->aggfnoid != F_JSONB_AGG || aggregate->agglevelsup != 0 || aggregate->aggdistinct != nullptr)
        return std::nullopt;
    auto *element = static_cast<TargetEntry *>(pg::nth(aggregate->args, 0));
    if (element->ressortgroupref != 0)            // the array is in the order of its elements themselves
        return std::nullopt;
    return Array{value.scope, reinterpret_cast<Node *>(element->expr), "", {}};
}

// ---- which rows determine which

// The outer join that can leave this relation, and nothing beside it, empty.
const JoinExpr *own_outer_join(Node *node, int rti)
{
    if (node == nullptr)
        return nullptr;
    if (IsA(node, FromExpr)) {
        for (Node *child : pg::nodes(reinterpret_cast<FromExpr *>(node)->fromlist))
            if (const JoinExpr *found = own_outer_join(child, rti))
                return found;
        return nullptr;
    }
    if (!IsA(node, JoinExpr))
        return nullptr;
    auto *join = reinterpret_cast<JoinExpr *>(node);
    auto is_it = [&](Node *side) { return IsA(side, RangeTblRef) && reinterpret_cast<RangeTblRef *>(side)->rtindex == rti; };
    if ((join->jointype == JOIN_LEFT && is_it(join->rarg)) || (join->jointype == JOIN_RIGHT && is_it(join->larg)))
        return join;
    // Inside an outer join's empty side it would vanish together with others.
    if (join->jointype != JOIN_RIGHT && join->jointype != JOIN_FULL)
        if (const JoinExpr *found = own_outer_join(join->larg, rti))
            return found;
    if (join->jointype != JOIN_LEFT && join->jointype != JOIN_FULL)
        return own_outer_join(join->rarg, rti);
    return nullptr;
}

bool is_column_of(Node *node, int rti)
{
    return IsA(node, Var) && static_cast<int>(reinterpret_cast<Var *>(node)->varno) == rti &&
           reinterpret_cast<Var *>(node)->varlevelsup == 0;
}

bool joined_by_nothing_else(const Scope *scope, int rti, std::size_t conditions, int by_rti)
{
    const JoinExpr *join = own_outer_join(reinterpret_cast<Node *>(scope->query->jointree), rti);
    if (join == nullptr)
        return false;
    std::vector<Node *> conjuncts = pg::conjuncts(join->quals);
    return conjuncts.size() == conditions && std::all_of(conjuncts.begin(), conjuncts.end(), [&](Node *conjunct) {
        if (!IsA(conjunct, OpExpr) || pg::length(reinterpret_cast<OpExpr *>(conjunct)->args) != 2)
            return false;
        auto *left = static_cast<Node *>(pg::nth(reinterpret_cast<OpExpr *>(conjunct)->args, 0));
        auto *right = static_cast<Node *>(pg::nth(reinterpret_cast<OpExpr *>(conjunct)->args, 1));
        return (is_column_of(left, rti) && is_column_of(right, by_rti)) || (is_column_of(left, by_rti) && is_column_of(right, rti));
    });
}

// The range table index of an occurrence in its own query level.
int rti_of(const ScopeTree &tree, int occurrence)
{
    const Scope *scope = tree.scope_of(occurrence);
    for (std::size_t rti = 1; rti < scope->sources.size(); ++rti)
        if (scope->sources[rti].kind == Source::relation && scope->sources[rti].occurrence == occurrence)
            return static_cast<int>(rti);
    return 0;
}

void find_determinations(const ScopeTree &tree, model::Analysis &analysis)
{
    struct Equated {
        std::set<AttributeNumber> columns;
        std::vector<int> conditions;
    };
    std::map<std::pair<int, int>, Equated> pairs;
    for (std::size_t c = 0; c < analysis.conditions.size(); ++c) {
        const auto &equality = analysis.conditions[c].equality;
        if (!equality)
            continue;
        for (const auto &[side, other] : {std::pair(&equality->left, &equality->right), std::pair(&equality->right, &equality->left)}) {
            if (!side->is_column() || other->occurrences().size() != 1)
                continue;
            const model::ColumnRef &column = side->inputs.front();
            if (!is_own_equality(equality->operation, equality->collation, analysis.occurrences[column.occurrence].relation, column.attribute))
                continue;
            Equated &equated = pairs[{column.occurrence, *other->occurrences().begin()}];
            equated.columns.insert(column.attribute);
            equated.conditions.push_back(static_cast<int>(c));
        }
    }
    for (const auto &[pair, equated] : pairs) {
        const auto &[occurrence, by] = pair;
        const Scope *scope = tree.scope_of(occurrence);
        int rti = rti_of(tree, occurrence), by_rti = rti_of(tree, by);
        // From another query level a row may be found that the level's own output passes over.
        if (scope != tree.scope_of(by) || rti == 0 || by_rti == 0 ||
            !unique_index(analysis.occurrences[occurrence].relation, &equated.columns, false))
            continue;
        if (scope->nullable.count(rti) != 0 && !joined_by_nothing_else(scope, rti, equated.conditions.size(), by_rti))
            continue;
        analysis.determinations.push_back({occurrence, by, equated.conditions});
    }
}

// Occurrences that give the whole key, and of which no two rows give the same.
void find_key_owners(model::Analysis &analysis)
{
    for (const model::Target &target : analysis.alternatives.front().targets) {
        if (target.occurrence < 0 || target.parts.size() != analysis.key.size() || target.turn != model::Turn::any)
            continue;
        std::set<AttributeNumber> columns;
        for (const model::Target::Part &part : target.parts)
            if (part.expression.is_column())
                columns.insert(part.expression.inputs.front().attribute);
        if (columns.size() == target.parts.size() &&
            unique_index(analysis.occurrences[target.occurrence].relation, &columns, false))
            analysis.key_owners.insert(target.occurrence);
    }
}

// ---- the copied rows of a query level

// Types whose values JSON tells apart as well as their own equality does.
bool json_identifies(Oid relation, AttributeNumber column)
{
    Oid type = pg::call(get_atttype, relation, column);
    return type == INT2OID || type == INT4OID || type == INT8OID || type == UUIDOID || type == TEXTOID;
}

// Columns by which the row itself, its documents or their elements are found.
std::set<AttributeNumber> telling_columns(int occurrence, const UniqueIndex &identity, const std::vector<model::CopiedArray> *arrays,
                                          const model::Analysis &analysis)
{
    std::set<AttributeNumber> columns(identity.columns.begin(), identity.columns.end());
    for (const model::Target &target : analysis.alternatives.front().targets)
        for (const model::Target::Part &part : target.parts)
            for (const model::ColumnRef &input : part.expression.inputs)
                if (input.occurrence == occurrence)
                    columns.insert(input.attribute);
    for (std::size_t i = 0; arrays != nullptr && i < arrays->size(); ++i)
        if ((*arrays)[i].occurrence == occurrence)
            for (const model::Copy &copy : (*arrays)[i].identity)
                columns.insert(copy.column());
    return columns;
}

void add_copied_row(const Scope *scope, int rti, const std::vector<Place> &places, const std::vector<model::CopiedArray> *arrays,
                    model::Analysis &analysis)
{
    int occurrence = scope->sources[static_cast<std::size_t>(rti)].occurrence;
    auto identity = unique_index(analysis.occurrences[occurrence].relation, nullptr, true);
    if (!identity)
        return;
    CopyFinder finder(scope->query, rti);
    model::CopiedRow row{occurrence, identity->index, identity->columns, {}, finder.copies(places), arrays != nullptr,
                         arrays != nullptr ? *arrays : std::vector<model::CopiedArray>{}};
    row.columns = finder.pure(row.copies);
    for (AttributeNumber telling : telling_columns(occurrence, *identity, arrays, analysis))
        row.columns.erase(telling);
    auto is_set = [&](AttributeNumber column) { return row.columns.count(column) != 0; };
    std::erase_if(row.copies, [&](const model::Copy &copy) { return std::none_of(copy.columns.begin(), copy.columns.end(), is_set); });
    if (!row.copies.empty())
        analysis.copied_rows.push_back(std::move(row));
}

template <class Visit>
void each_relation(const Scope *scope, const Visit &visit)
{
    for (std::size_t rti = 1; rti < scope->sources.size(); ++rti)
        if (scope->sources[rti].kind == Source::relation)
            visit(static_cast<int>(rti), scope->sources[rti].occurrence);
}

// How the elements of an array tell which row of an occurrence they are made of.
std::optional<model::CopiedArray> reading(const Array &array, int occurrence, const std::vector<model::Copy> &copies,
                                          const model::Analysis &analysis)
{
    Oid relation = analysis.occurrences[occurrence].relation;
    std::set<AttributeNumber> told;
    for (const model::Copy &copy : copies)
        if (copy.computed.empty() && json_identifies(relation, copy.column()))
            told.insert(copy.column());
    auto identity = unique_index(relation, &told, true);
    if (!identity)
        return std::nullopt;
    model::CopiedArray found{occurrence, array.output, array.path, {}};
    for (AttributeNumber column : identity->columns)
        found.identity.push_back(*std::find_if(copies.begin(), copies.end(), [&](const model::Copy &copy) {
            return copy.computed.empty() && copy.column() == column;
        }));
    return found;
}

void find_in_array(const Array &array, model::Analysis &analysis)
{
    const Scope *scope = array.scope;
    std::vector<Place> places{{"", array.element}};
    std::vector<model::CopiedArray> readings;
    each_relation(scope, [&](int rti, int occurrence) {
        if (auto found = reading(array, occurrence, CopyFinder(scope->query, rti).copies(places), analysis))
            readings.push_back(*found);
    });
    if (!readings.empty())
        each_relation(scope, [&](int rti, int) { add_copied_row(scope, rti, places, &readings, analysis); });
}

}  // namespace

void find_copies(const ScopeTree &tree, model::Analysis &analysis)
{
    const Scope *top = tree.top();
    if (!is_plain(top->query) || analysis.alternatives.size() != 1)
        return;
    find_determinations(tree, analysis);
    find_key_owners(analysis);
    std::vector<Place> places;
    for (auto *entry : pg::items<TargetEntry>(top->query->targetList))
        places.push_back({entry->resname ? entry->resname : "", reinterpret_cast<Node *>(entry->expr)});
    if (!is_grouped(top->query))
        each_relation(top, [&](int rti, int) { add_copied_row(top, rti, places, nullptr, analysis); });
    for (const Place &place : places) {
        std::vector<std::string> path;
        visit_values(place.node, path, [&](Node *value, const std::vector<std::string> &at) {
            if (auto array = as_array(tree, {top, value})) {
                array->output = place.output;
                array->path = at;
                find_in_array(*array, analysis);
            }
        });
    }
}

}  // namespace tviews::analyze
