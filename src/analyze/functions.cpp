// Reading the bodies of functions, and putting them in place of calls; see functions.hpp.
#include "analyze/functions.hpp"

#include <algorithm>

#include "analyze/call_queries.hpp"
#include "pg/list.hpp"
#include "pg/subtransaction.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// Bodies inside bodies, and calls looked through in one query, beyond which calls are only called.
constexpr std::size_t most_inside = 8;
constexpr std::size_t most_looked_through = 200;

// Settings and role under which names in a body are looked up, until released; an error's rollback puts both back.  C-side.
class BodyScope {
public:
    BodyScope(const Environment &environment, const std::vector<Oid> &configured, Oid role) noexcept
        : environment_(environment), configured_(configured), role_(role)
    {
    }
    void enter()
    {
        nest_level_ = NewGUCNestLevel();
        for (const auto &[name, value] : environment_.settings)
            set_config_option(name.c_str(), value.c_str(), PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
        for (Oid function : configured_)
            apply(function);
        GetUserIdAndSecContext(&user_, &context_);
        SetUserIdAndSecContext(role_, context_ | SECURITY_LOCAL_USERID_CHANGE);
        snapshot_ = !ActiveSnapshotSet();
        if (snapshot_)
            PushActiveSnapshot(GetTransactionSnapshot());
    }
    void leave()
    {
        if (snapshot_)
            PopActiveSnapshot();
        SetUserIdAndSecContext(user_, context_);
        AtEOXact_GUC(true, nest_level_);
    }

private:
    static void apply(Oid function)
    {
        HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
        if (!HeapTupleIsValid(tuple))
            return;
        bool is_null;
        Datum settings = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &is_null);
        if (!is_null)
            ProcessGUCArray(DatumGetArrayTypeP(settings), PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE);
        ReleaseSysCache(tuple);
    }

    const Environment &environment_;
    const std::vector<Oid> &configured_;
    Oid role_;
    int nest_level_ = 0;
    Oid user_ = InvalidOid;
    int context_ = 0;
    bool snapshot_ = false;
};

// The statements of a body that PostgreSQL stored parsed, each in a list of its own.  C-side.
List *stored_statements(Datum body)
{
    auto *stored = static_cast<Node *>(stringToNode(TextDatumGetCString(body)));
    List *queries = IsA(stored, List) ? linitial_node(List, reinterpret_cast<List *>(stored)) : list_make1(stored);
    List *statements = NIL;
    for (Node *query : pg::nodes(queries))
        statements = lappend(statements, list_make1(query));
    return statements;
}

// Those of a body given as text.  C-side.
List *analysed_statements(HeapTuple tuple, Node *call, Datum body)
{
    SQLFunctionParseInfoPtr parameters = prepare_sql_fn_parse_info(tuple, call, call ? exprInputCollation(call) : InvalidOid);
    const char *source = TextDatumGetCString(body);
    List *statements = NIL;
    for (auto *raw : pg::items<RawStmt>(pg_parse_query(source))) {
        auto setup = reinterpret_cast<ParserSetupHook>(reinterpret_cast<void (*)()>(sql_fn_parser_setup));
        Query *query = parse_analyze_withcb(raw, source, setup, parameters, nullptr);
        query->queryId = 0;
        statements = lappend(statements, list_make1(query));
    }
    return statements;
}

// The row a call gives: its own, or what the column definition list after it says.  C-side.
TupleDesc row_of(Node *call, const RangeTblFunction *columns)
{
    TupleDesc row = nullptr;
    if (get_expr_result_type(call, nullptr, &row) != TYPEFUNC_RECORD)
        return row;
    if (columns == nullptr || columns->funccolnames == NIL)
        return nullptr;
    return BuildDescFromLists(columns->funccolnames, columns->funccoltypes, columns->funccoltypmods, columns->funccolcollations);
}

bool is_composite(Oid type)
{
    return type == RECORDOID || pg::call([&] { return OidIsValid(typeOrDomainTypeRelid(type)); });
}

bool is_plain_select(const Query *query)
{
    return IsA(query, Query) && query->commandType == CMD_SELECT && query->utilityStmt == nullptr && !query->hasModifyingCTE;
}

Oid function_of(Node *node)
{
    if (IsA(node, FuncExpr))
        return reinterpret_cast<FuncExpr *>(node)->funcid;
    if (!IsA(node, OpExpr))
        return InvalidOid;
    pg::call([&] { set_opfuncid(reinterpret_cast<OpExpr *>(node)); });
    return reinterpret_cast<OpExpr *>(node)->opfuncid;
}

List *arguments_of(Node *node)
{
    return IsA(node, FuncExpr) ? reinterpret_cast<FuncExpr *>(node)->args : reinterpret_cast<OpExpr *>(node)->args;
}

template <class Test>
bool any_node(Node *node, const Test &test)
{
    if (node == nullptr || IsA(node, Query))
        return false;
    return test(node) || pg::walk_children(node, [&](Node *child) { return any_node(child, test); });
}

// Whether an argument may stand inside a subquery, read by whoever reads that.
bool may_move(Node *argument, bool other_role)
{
    return !any_node(argument, [&](Node *node) {
        bool returns_set = (IsA(node, FuncExpr) && reinterpret_cast<FuncExpr *>(node)->funcretset) ||
                           (IsA(node, OpExpr) && reinterpret_cast<OpExpr *>(node)->opretset);
        return returns_set || IsA(node, WindowFunc) || (IsA(node, SubLink) && other_role) ||
               (IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == PARAM_SUBLINK);
    });
}

}  // namespace

struct Functions::Facts {
    const char *name, *source;
    Oid schema, language, owner;
    char kind, volatility;
    bool strict, definer, set, configured, parsed;

    // PostgreSQL's own, or one in C that is declared immutable, as those of most types are.
    bool is_builtin() const
    {
        return schema == PG_CATALOG_NAMESPACE || language == INTERNALlanguageId ||
               (language == ClanguageId && volatility == PROVOLATILE_IMMUTABLE);
    }
};

Functions::Facts Functions::look_up(Oid function)
{
    return pg::call([&] {
        HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "cache lookup failed for function %u", function);
        auto *form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
        bool no_source, no_body, no_settings;
        Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &no_source);
        SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &no_body);
        SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &no_settings);
        Facts facts{pstrdup(NameStr(form->proname)), no_source ? "" : TextDatumGetCString(source), form->pronamespace, form->prolang,
                    form->proowner, form->prokind, form->provolatile, form->proisstrict, form->prosecdef, form->proretset,
                    !no_settings, !no_body};
        ReleaseSysCache(tuple);
        return facts;
    });
}

Functions::Body Functions::read(Oid function, Node *call, const RangeTblFunction *columns, const Calling &calling)
{
    BodyScope scope(*environment_, calling.configured, OidIsValid(calling.role) ? calling.role : environment_->owner);
    Body body;
    ErrorData *failure = pg::attempt([&] {
        pg::call([&] {
            scope.enter();
            HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
            bool is_text;
            Datum stored = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &is_text);
            List *statements = is_text ? analysed_statements(tuple, call, SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_text))
                                       : stored_statements(stored);
            ReleaseSysCache(tuple);
            if (call != nullptr && statements != NIL && exprType(call) != VOIDOID)
                body.row = check_sql_fn_retval(statements, exprType(call), row_of(call, columns), columns != nullptr, nullptr);
            for (auto *statement : pg::items<List>(statements))
                body.statements = lappend(body.statements, linitial(statement));
            scope.leave();
        });
    });
    if (failure != nullptr && !pg::is_about_data(failure))
        throw pg::Error(failure);
    body.readable = failure == nullptr;
    for (auto *query : pg::items<Query>(body.readable ? body.statements : nullptr))
        body.readable &= is_plain_select(query);
    return body;
}

namespace {

// Of PostgreSQL's own functions that are not volatile, those that read tables given by name.
bool maps_tables(Oid function)
{
    constexpr Oid mappings[] = {F_TABLE_TO_XML,  F_TABLE_TO_XML_AND_XMLSCHEMA, F_SCHEMA_TO_XML, F_SCHEMA_TO_XML_AND_XMLSCHEMA,
                                F_DATABASE_TO_XML, F_DATABASE_TO_XML_AND_XMLSCHEMA};
    return std::find(std::begin(mappings), std::end(mappings), function) != std::end(mappings);
}

}  // namespace

std::vector<Oid> Functions::called_by(Node *node)
{
    std::vector<Oid> found;
    pg::call([&] {
        check_functions_in_node(node, [](Oid function, void *context) {
            if (function >= FirstNormalObjectId || maps_tables(function))
                static_cast<std::vector<Oid> *>(context)->push_back(function);
            return false;
        }, &found);
    });
    if (!found.empty() && (IsA(node, Aggref) || IsA(node, WindowFunc))) {
        struct Parts {
            Oid functions[8];
        };
        Oid aggregate = found.front();
        Parts parts = pg::call([&] {
            HeapTuple tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
            if (!HeapTupleIsValid(tuple))
                return Parts{};
            auto *form = reinterpret_cast<Form_pg_aggregate>(GETSTRUCT(tuple));
            Parts all{{form->aggtransfn, form->aggfinalfn, form->aggcombinefn, form->aggserialfn, form->aggdeserialfn,
                       form->aggmtransfn, form->aggminvtransfn, form->aggmfinalfn}};
            ReleaseSysCache(tuple);
            return all;
        });
        std::copy_if(std::begin(parts.functions), std::end(parts.functions), std::back_inserter(found),
                     [](Oid part) { return part >= FirstNormalObjectId; });
    }
    std::erase_if(found, [&](Oid function) {
        met_.insert(function);
        return look_up(function).is_builtin() && !maps_tables(function);
    });
    called_ |= !found.empty();
    return found;
}

std::vector<Query *> Functions::statements(Oid function, Node *node, Calling &caller)
{
    bool direct = function_of(node) == function;
    Signature signature{function, {}};
    if (direct)
        for (Node *argument : pg::nodes(arguments_of(node)))
            signature.types.push_back(pg::call(exprType, argument));
    if (!caller.called.insert(signature).second || caller.called.size() > most_looked_through)
        return {};
    Facts facts = look_up(function);
    if (!facts.parsed && !facts.is_builtin())
        texts_.insert(facts.source);
    Calling calling = caller;
    if (facts.definer)
        calling.role = facts.owner;
    if (facts.configured)
        calling.configured.push_back(function);
    calling.unlinked = true;
    if (facts.volatility == PROVOLATILE_IMMUTABLE) {
        calling.promised = true;
        calling.immutable = function;
    }
    Body body = facts.language == SQLlanguageId ? read(function, direct ? node : nullptr, nullptr, calling) : Body{};
    if (!body.readable) {
        if (!calling.promised)
            unreadable_.insert(function);
        return {};
    }
    std::vector<Query *> queries;
    for (auto *query : pg::items<Query>(body.statements))
        queries.push_back(placed(query, calling));
    return queries;
}

Query *Functions::placed(Query *query, Calling calling)
{
    callings_.push_back(std::move(calling));
    query->queryId = callings_.size();
    return query;
}

const Calling *Functions::calling_of(const Query *query) const
{
    return query->queryId == 0 || query->queryId > callings_.size() ? nullptr : &callings_[query->queryId - 1];
}

// Whether a body reads any table, itself or through functions that could be looked through in turn.
bool Functions::reads_tables(Query *body, const Calling &calling, std::set<Oid> &seen)
{
    std::function<bool(Node *)> reads = [&](Node *node) -> bool {
        if (node == nullptr)
            return false;
        if (IsA(node, RangeTblEntry))
            return reinterpret_cast<RangeTblEntry *>(node)->rtekind == RTE_RELATION;
        if (IsA(node, Query))
            return pg::walk_query_children(reinterpret_cast<Query *>(node), QTW_EXAMINE_RTES_BEFORE, reads);
        Oid function = function_of(node);
        if (function >= FirstNormalObjectId && seen.insert(function).second) {
            Facts facts = look_up(function);
            if (!facts.is_builtin() && facts.language == SQLlanguageId) {
                Body inner = read(function, node, nullptr, calling);
                for (auto *query : pg::items<Query>(inner.readable ? inner.statements : nullptr))
                    if (reads_tables(query, calling, seen))
                        return true;
            }
        }
        return pg::walk_children(node, reads);
    };
    return reads(reinterpret_cast<Node *>(body));
}

Query *Functions::single_select(Oid function, Node *call, const RangeTblFunction *columns, const Calling &calling, bool &row)
{
    if (function < FirstNormalObjectId || calling.unlinked || calling.inside.size() >= most_inside ||
        callings_.size() >= most_looked_through ||
        std::find(calling.inside.begin(), calling.inside.end(), function) != calling.inside.end())
        return nullptr;
    Facts facts = look_up(function);
    bool other_role = facts.definer && facts.owner != (OidIsValid(calling.role) ? calling.role : environment_->owner);
    if (facts.is_builtin() || facts.language != SQLlanguageId || facts.kind != PROKIND_FUNCTION ||
        facts.volatility == PROVOLATILE_VOLATILE || facts.set != (columns != nullptr) || facts.configured ||
        pg::call(exprType, call) == VOIDOID)
        return nullptr;
    for (Node *argument : pg::nodes(arguments_of(call)))
        if (!may_move(argument, other_role))
            return nullptr;
    Calling inside = calling;
    if (facts.definer)
        inside.role = facts.owner;
    Body body = read(function, call, columns, inside);
    if (!body.readable || pg::length(body.statements) != 1)
        return nullptr;
    auto *query = static_cast<Query *>(pg::nth(body.statements, 0));
    std::set<Oid> seen{function};
    if (query->rowMarks != nullptr || !reads_tables(query, inside, seen))
        return nullptr;
    row = body.row;
    if (!facts.parsed)
        texts_.insert(facts.source);
    return query;
}

// The body with the arguments in it, one level below them, marked as what it is.
Query *Functions::inlined(Query *body, Oid function, List *arguments, const Calling &calling)
{
    Facts facts = look_up(function);
    Calling inside = calling;
    inside.inside.push_back(function);
    if (facts.definer)
        inside.role = facts.owner;
    if (facts.volatility == PROVOLATILE_IMMUTABLE)
        inside.immutable = function;
    met_.insert(function);
    called_ = true;
    return placed(reinterpret_cast<Query *>(substituted(reinterpret_cast<Node *>(body), arguments, 0)), std::move(inside));
}

// Rewrites the expressions of one query level.
class LookingThrough {
public:
    LookingThrough(Functions &functions, const Calling &calling) : functions_(functions), calling_(calling) {}

    Query *run(Query *query)
    {
        Query *copy = pg::mutate_query_children(query, [&](Node *child) { return change(child); });
        for (auto *rte : pg::items<RangeTblEntry>(copy->rtable))
            if (rte->rtekind == RTE_FUNCTION)
                change_source(rte);
        return changed_ ? copy : query;
    }

private:
    Node *change(Node *node)
    {
        if (node == nullptr || IsA(node, Query))
            return node;
        auto deeper = [&](Node *child) { return change(child); };
        if (IsA(node, RangeTblFunction)) {    // the function itself is change_source's
            auto *copy = reinterpret_cast<RangeTblFunction *>(pg::call(copyObjectImpl, node));
            copy->funcexpr = copy->funcexpr ? pg::mutate_children(copy->funcexpr, deeper) : nullptr;
            return reinterpret_cast<Node *>(copy);
        }
        Node *copy = pg::mutate_children(node, deeper);
        Oid function = function_of(copy);
        if (!OidIsValid(function) || function < FirstNormalObjectId)
            return copy;
        bool row = false;
        Query *body = functions_.single_select(function, copy, nullptr, calling_, row);
        return body == nullptr ? copy : as_value(function, copy, body, row);
    }

    List *all_arguments(Oid function, Node *call)
    {
        return pg::call([&] {
            if (!IsA(call, FuncExpr))
                return reinterpret_cast<OpExpr *>(call)->args;
            HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
            List *arguments = expand_function_arguments(reinterpret_cast<FuncExpr *>(call)->args, false, exprType(call), tuple);
            ReleaseSysCache(tuple);
            return arguments;
        });
    }

    // A scalar subquery; for a strict function inside a CASE.
    Node *as_value(Oid function, Node *call, Query *body, bool row)
    {
        changed_ = true;
        Functions::Facts facts = functions_.look_up(function);
        List *arguments = all_arguments(function, call);
        Query *query = functions_.inlined(body, function, arguments, calling_);
        return pg::call([&] {
            keep_first_row(query);
            Oid type = exprType(call);
            auto *sublink = makeNode(SubLink);
            sublink->subLinkType = EXPR_SUBLINK;
            sublink->location = -1;
            sublink->subselect = reinterpret_cast<Node *>(row ? as_row(query, type, facts.name) : query);
            Node *null = facts.strict ? any_null(arguments) : nullptr;
            if (null == nullptr)
                return reinterpret_cast<Node *>(sublink);
            auto *when = makeNode(CaseWhen);
            when->expr = reinterpret_cast<Expr *>(null);
            when->result = reinterpret_cast<Expr *>(makeNullConst(type, -1, exprCollation(call)));
            when->location = -1;
            auto *choice = makeNode(CaseExpr);
            choice->casetype = type;
            choice->casecollid = exprCollation(call);
            choice->args = list_make1(when);
            choice->defresult = reinterpret_cast<Expr *>(sublink);
            choice->location = -1;
            return reinterpret_cast<Node *>(choice);
        });
    }

    // A function in FROM: a derived table, if it gives rows; one that gives a value is looked through as one.
    void change_source(RangeTblEntry *rte)
    {
        if (pg::length(rte->functions) != 1 || rte->funcordinality)
            return;
        auto *source = static_cast<RangeTblFunction *>(pg::nth(rte->functions, 0));
        if (source->funcexpr == nullptr || !IsA(source->funcexpr, FuncExpr))
            return;
        auto *call = reinterpret_cast<FuncExpr *>(source->funcexpr);
        bool row = false, composite = is_composite(call->funcresulttype);
        TupleDesc columns = composite ? pg::call([&] { return row_of(source->funcexpr, source); }) : nullptr;
        Query *body = functions_.single_select(call->funcid, source->funcexpr, call->funcretset ? source : nullptr, calling_, row);
        if (body == nullptr || (call->funcretset && composite != row) || (composite && columns == nullptr))
            return;
        Query *query = nullptr;
        if (call->funcretset) {
            Functions::Facts facts = functions_.look_up(call->funcid);
            List *arguments = all_arguments(call->funcid, source->funcexpr);
            query = functions_.inlined(body, call->funcid, arguments, calling_);
            if (facts.strict && arguments != nullptr)
                query = pg::call([&] { return unless_null(query, arguments, facts.name); });
        } else {
            Node *value = as_value(call->funcid, source->funcexpr, body, row);
            query = pg::call([&] { return select_of(value, columns); });
        }
        changed_ = true;
        rte->rtekind = RTE_SUBQUERY;
        rte->subquery = query;
        rte->functions = nullptr;
        rte->lateral = true;
    }

    Functions &functions_;
    const Calling &calling_;
    bool changed_ = false;
};

Query *Functions::look_through(Query *query, const Calling &calling)
{
    return LookingThrough(*this, calling).run(query);
}

}  // namespace tviews::analyze
