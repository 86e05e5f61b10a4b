// Finding copies; see copies.hpp.
#include "analyze/copies.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

bool is_plain(const Query *query)
{
    return query->groupClause == nullptr && query->groupingSets == nullptr && query->havingQual == nullptr && !query->hasAggs &&
           !query->hasWindowFuncs && !query->hasTargetSRFs && query->distinctClause == nullptr && query->sortClause == nullptr &&
           query->limitCount == nullptr && query->limitOffset == nullptr && query->setOperations == nullptr;
}

// Columns of one relation's row that give the whole key; empty if something else does.
std::set<AttrNumber> key_columns(const model::Analysis &analysis, const model::Target &target)
{
    std::set<AttrNumber> columns;
    for (const model::Target::Part &part : target.parts) {
        if (!part.expression.is_column())
            return {};
        columns.insert(part.expression.inputs.front().attribute);
    }
    return target.parts.size() == analysis.key.size() ? columns : std::set<AttrNumber>{};
}

// Whether the index lets no two rows agree in these columns, by their types' own equality.  C-side: may raise.
bool is_unique_in(Oid index, const AttrNumber *columns, int count)
{
    Relation open = index_open(index, AccessShareLock);
    const FormData_pg_index *form = open->rd_index;
    bool found = form->indisunique && form->indisvalid && form->indimmediate && RelationGetIndexPredicate(open) == NIL &&
                 RelationGetIndexExpressions(open) == NIL;
    for (int i = 0; i < form->indnkeyatts && found; ++i) {
        bool given = std::find(columns, columns + count, form->indkey.values[i]) != columns + count;
        TypeCacheEntry *type = given ? lookup_type_cache(get_atttype(form->indrelid, form->indkey.values[i]), TYPECACHE_BTREE_OPFAMILY)
                                     : nullptr;
        Oid collation = InvalidOid, column_type;
        int32 modifier;
        if (given)
            get_atttypetypmodcoll(form->indrelid, form->indkey.values[i], &column_type, &modifier, &collation);
        found = given && open->rd_opfamily[i] == type->btree_opf && open->rd_indcollation[i] == collation;
    }
    index_close(open, AccessShareLock);
    return found;
}

// Whether no two rows of the relation agree in these columns.
bool identify_a_row(Oid relation, const std::set<AttrNumber> &columns)
{
    std::vector<AttrNumber> list(columns.begin(), columns.end());
    const AttrNumber *first = list.data();
    int count = static_cast<int>(list.size());
    return pg::call([&] {
        Relation open = relation_open(relation, AccessShareLock);
        bool alone = open->rd_rel->relkind == RELKIND_RELATION && !has_subclass(relation);
        List *indexes = alone ? RelationGetIndexList(open) : NIL;
        relation_close(open, AccessShareLock);
        bool unique = false;
        for (int i = 0; i < list_length(indexes) && !unique; ++i)
            unique = is_unique_in(lfirst_oid(&indexes->elements[i]), first, count);
        return unique;
    });
}

class CopyFinder {
public:
    CopyFinder(Query *query, int rti, model::Analysis &analysis) : query_(query), rti_(rti), analysis_(analysis) {}

    // All but the key's own columns, whose change makes another document.
    void run(const std::set<AttrNumber> &key)
    {
        for (auto *entry : pg::items<TargetEntry>(query_->targetList)) {
            std::vector<std::string> path;
            find(reinterpret_cast<Node *>(entry->expr), entry->resname ? entry->resname : "", path);
        }
        count_uses(reinterpret_cast<Node *>(query_), 0);
        if (uses_.count(model::whole_row) != 0)
            return;
        for (model::Copy &copy : found_)
            if (uses_[copy.column] == copies_[copy.column] && key.count(copy.column) == 0)
                analysis_.copies.push_back(std::move(copy));
    }

private:
    static Node *strip(Node *node)
    {
        while (node != nullptr && IsA(node, RelabelType))
            node = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
        return node;
    }

    // The relation's column behind a Var, through the aliases of joins; none if it is another's or computed.
    std::optional<AttrNumber> column(const Var *var) const
    {
        for (;;) {
            if (static_cast<int>(var->varno) == rti_)
                return var->varattno;
            auto *rte = static_cast<RangeTblEntry *>(pg::nth(query_->rtable, static_cast<int>(var->varno) - 1));
            if (rte->rtekind != RTE_JOIN || var->varattno <= 0)
                return std::nullopt;
            auto *merged = static_cast<Node *>(pg::nth(rte->joinaliasvars, var->varattno - 1));
            if (merged == nullptr || !IsA(merged, Var))
                return std::nullopt;
            var = reinterpret_cast<Var *>(merged);
        }
    }

    // Collects the copies an output expression makes.  Nothing is looked through: x::text is no copy of x.
    void find(Node *node, const std::string &output, std::vector<std::string> &path)
    {
        if (node == nullptr)
            return;
        if (IsA(node, Var)) {
            auto *var = reinterpret_cast<Var *>(node);
            auto found = var->varlevelsup == 0 ? column(var) : std::nullopt;
            if (found && *found > 0) {
                found_.push_back({*found, output, path});
                ++copies_[*found];
            }
            return;
        }
        if (!IsA(node, FuncExpr) || reinterpret_cast<FuncExpr *>(node)->funcid != F_JSONB_BUILD_OBJECT_ANY ||
            reinterpret_cast<FuncExpr *>(node)->funcvariadic)
            return;
        const List *arguments = reinterpret_cast<FuncExpr *>(node)->args;
        auto keys = constant_keys(arguments);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            path.push_back(keys[i]);
            find(static_cast<Node *>(pg::nth(arguments, static_cast<int>(2 * i + 1))), output, path);
            path.pop_back();
        }
    }

    // The keys of an object, if all are constant and none comes twice.
    static std::vector<std::string> constant_keys(const List *arguments)
    {
        std::vector<std::string> keys;
        for (int i = 0; i + 1 < pg::length(arguments); i += 2) {
            Node *key = strip(static_cast<Node *>(pg::nth(arguments, i)));
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
    model::Analysis &analysis_;
    std::vector<model::Copy> found_;
    std::map<AttrNumber, int> copies_;
    std::map<AttrNumber, int> uses_;
};

}  // namespace

void find_copies(const ScopeTree &tree, model::Analysis &analysis)
{
    const Scope *top = tree.top();
    if (!is_plain(top->query) || analysis.alternatives.size() != 1)
        return;
    for (const model::Target &target : analysis.alternatives.front().targets)
        for (std::size_t rti = 1; rti < top->sources.size(); ++rti) {
            const Source &source = top->sources[rti];
            if (source.kind != Source::relation || source.occurrence != target.occurrence || analysis.copied_row >= 0)
                continue;
            std::set<AttrNumber> key = key_columns(analysis, target);
            if (key.empty() || !identify_a_row(analysis.occurrences[target.occurrence].relation, key))
                continue;
            analysis.copied_row = target.occurrence;
            CopyFinder(top->query, static_cast<int>(rti), analysis).run(key);
        }
}

}  // namespace tviews::analyze
