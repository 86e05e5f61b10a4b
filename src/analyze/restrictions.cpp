// Restrictions on defining queries; see restrictions.hpp.
#include "analyze/restrictions.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "pg/list.hpp"
#include "pg/walk.hpp"

namespace tviews::analyze {

namespace {

// Functions whose result depends on the session, though PostgreSQL calls them stable.
constexpr std::string_view session_functions[] = {
    "current_setting", "current_user", "session_user", "current_role", "current_schema", "current_schemas",
    "current_database", "inet_client_addr", "inet_client_port", "inet_server_addr", "inet_server_port", "pg_backend_pid",
    "pg_is_in_recovery", "txid_current", "pg_current_xact_id", "pg_current_snapshot", "txid_current_snapshot", "version",
    "current_query", "pg_my_temp_schema", "getpgusername", "pg_client_encoding", "pg_trigger_depth", "txid_current_if_assigned",
    "pg_current_xact_id_if_assigned", "mxid_age"};

// Of PostgreSQL's stable functions called pg_…, these look at nothing but their arguments.
constexpr std::string_view of_arguments[] = {"pg_typeof", "pg_collation_for", "pg_column_size", "pg_column_compression",
                                             "pg_char_to_encoding", "pg_encoding_to_char"};

// Further ones that look at catalogs.
constexpr std::string_view of_catalogs[] = {"obj_description", "col_description", "shobj_description", "row_security_active"};

constexpr Oid clock_functions[] = {F_NOW,           F_TRANSACTION_TIMESTAMP, F_STATEMENT_TIMESTAMP,
                                   F_AGE_TIMESTAMP, F_AGE_TIMESTAMPTZ,       F_TIMETZ_TIME};

bool listed(const std::string_view *first, const std::string_view *last, std::string_view name)
{
    return std::find(first, last, name) != last;
}

struct Function {
    const char *name;
    const char *written;          // with argument types, for messages
    Oid schema;
    char volatility;
    bool returns_set;
    bool under_policies;          // has SET row_security = on
};

// C-side.
bool turns_row_security_on(HeapTuple function)
{
    bool none, on = false;
    Datum settings = SysCacheGetAttr(PROCOID, function, Anum_pg_proc_proconfig, &none);
    Datum *elements = nullptr;
    int count = 0;
    if (!none)
        deconstruct_array(DatumGetArrayTypeP(settings), TEXTOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    for (int i = 0; i < count; ++i) {
        char *name, *value;
        ParseLongOption(TextDatumGetCString(elements[i]), &name, &value);
        if (value != nullptr && pg_strcasecmp(name, "row_security") == 0)
            on = parse_bool(value, &on) && on;
    }
    return on;
}

Function look_up(Oid oid)
{
    return pg::call([&] {
        HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
        if (!HeapTupleIsValid(tuple))
            elog(ERROR, "cache lookup failed for function %u", oid);
        auto *form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
        Function function{pstrdup(NameStr(form->proname)), format_procedure(oid), form->pronamespace,
                          form->provolatile, form->proretset, turns_row_security_on(tuple)};
        ReleaseSysCache(tuple);
        return function;
    });
}

// Whether a function of PostgreSQL gives what catalogs, statistics or the server say.
bool reads_state(const Function &function)
{
    std::string_view name = function.name;
    if (name.starts_with("pg_"))
        return (function.returns_set || function.volatility == PROVOLATILE_STABLE) &&
               !listed(std::begin(of_arguments), std::end(of_arguments), name);
    return (name.starts_with("has_") && name.ends_with("_privilege")) || listed(std::begin(of_catalogs), std::end(of_catalogs), name);
}

class Checker {
public:
    explicit Checker(Findings &findings) : findings_(findings) {}

    void query(Query *query)
    {
        if (query->hasModifyingCTE)
            refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot write", "The query contains INSERT, UPDATE or DELETE in WITH.",
                   "Let the defining query be a plain SELECT.");
        if (query->rowMarks != nullptr)
            refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot lock rows",
                   "The query contains FOR UPDATE or FOR SHARE.", "Leave the locking clause out.");
        for (auto *rte : pg::items<RangeTblEntry>(query->rtable)) {
            if (rte->tablesample != nullptr)
                refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot use TABLESAMPLE",
                       "The sample would differ each time a document is built.", "Filter on a column instead.");
            if (rte->rtekind == RTE_FUNCTION || rte->rtekind == RTE_VALUES || rte->rtekind == RTE_TABLEFUNC) {
                expression(reinterpret_cast<Node *>(rte->functions));
                expression(reinterpret_cast<Node *>(rte->values_lists));
                expression(reinterpret_cast<Node *>(rte->tablefunc));
            }
        }
        pg::walk_query_children(query, QTW_IGNORE_RC_SUBQUERIES | QTW_IGNORE_JOINALIASES, [&](Node *node) {
            expression(node);
            return false;
        });
    }

    // PostgreSQL calls it with constant arguments when it plans, and plans are kept.
    void reads_though_immutable(Oid function)
    {
        std::string written = look_up(function).written;
        warn("function " + written + " reads tables, but is declared immutable",
             "PostgreSQL may call it once and keep the result when these tables change.", "Declare it STABLE.");
    }

    void unreadable(Oid function)
    {
        warn("the TVIEW cannot see what function " + std::string(look_up(function).written) + " reads",
             "Rows that the function reads change its result without the TVIEW being told.",
             "Name the tables in the option reads of pg_tviews_create(), none with [], or write the function's query into the "
             "defining query.");
    }

private:
    void refuse(int sqlstate, const std::string &message, const std::string &detail, const std::string &hint)
    {
        findings_.refusals.push_back({sqlstate, message, detail, hint});
    }
    void warn(const std::string &message, const std::string &detail, const std::string &hint)
    {
        for (const pg::Report &known : findings_.warnings)
            if (known.message == message && known.detail == detail)
                return;
        findings_.warnings.push_back({ERRCODE_WARNING, message, detail, hint});
    }

    void expression(Node *node)
    {
        if (node == nullptr || IsA(node, Query))
            return;
        std::vector<Oid> functions;
        pg::call([&] {
            check_functions_in_node(node, [](Oid function, void *context) {
                auto *list = static_cast<std::vector<Oid> *>(context);
                list->push_back(function);
                return false;
            }, &functions);
        });
        for (Oid function : functions)
            check_function(function);
        if (IsA(node, SQLValueFunction))
            check_value_function(reinterpret_cast<SQLValueFunction *>(node));
        if (IsA(node, NextValueExpr))
            refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot use sequences",
                   "A sequence gives another value each time a document is built.", "Store the value in a column.");
        if (IsA(node, Var) && reinterpret_cast<Var *>(node)->varattno < 0 &&
            reinterpret_cast<Var *>(node)->varattno != TableOidAttributeNumber)
            refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot use system columns",
                   "ctid, xmin and their like change without the row changing.", "Use an ordinary column.");
        pg::walk_children(node, [&](Node *child) {
            expression(child);
            return false;
        });
    }

    void check_function(Oid oid)
    {
        Function function = look_up(oid);
        bool builtin = function.schema == PG_CATALOG_NAMESPACE;
        std::string written = function.written;
        if (builtin && (oid == F_AGE_XID || listed(std::begin(session_functions), std::end(session_functions), function.name)))
            return refuse_session_state(written);
        if (builtin && reads_state(function))
            return refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW cannot read the server's state",
                          "Nothing tells when the result of " + written + " changes.",
                          "Read it beside the TVIEW, or copy what is needed into a table.");
        if (function.under_policies)
            return refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot turn row_security on",
                          "Function " + written + " sets it: policies would leave rows out of documents, and change without the TVIEW being told.",
                          "Reset the function's setting, and filter in the query or when reading the TVIEW.");
        if (function.volatility == PROVOLATILE_VOLATILE)
            return refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot use volatile functions",
                          "Function " + written + " is volatile: it may give another result each time a document is built.",
                          "Use an immutable or stable function, or store the value in a column.");
        if (std::find(std::begin(clock_functions), std::end(clock_functions), oid) != std::end(clock_functions))
            warn_clock(written);
    }

    void refuse_session_state(const std::string &what)
    {
        refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "a TVIEW's query cannot depend on the session",
               what + " gives each session its own result, but a TVIEW has one content for all.",
               "Filter by it when reading the TVIEW instead.");
    }

    void warn_clock(const std::string &what)
    {
        warn("the TVIEW depends on the clock",
             what + " changes with time, but documents are rebuilt only when rows change.",
             "Compare with the clock when reading the TVIEW, or run pg_tviews_refresh() from time to time.");
    }

    void check_value_function(const SQLValueFunction *function)
    {
        switch (function->op) {
        case SVFOP_CURRENT_ROLE:
        case SVFOP_CURRENT_USER:
        case SVFOP_USER:
        case SVFOP_SESSION_USER:
            return refuse_session_state("The current user");
        case SVFOP_CURRENT_CATALOG:
        case SVFOP_CURRENT_SCHEMA:
            return refuse_session_state("The current database or schema");
        default:
            return warn_clock("The current date or time");
        }
    }

    Findings &findings_;
};

// A relation the query reads, or one of its partitions or children.
void check_source(Oid relation, bool logged, Findings &findings)
{
    struct Facts {
        const char *name;
        char kind, persistence;
    };
    Facts facts = pg::call([&] {
        return Facts{get_rel_name(relation), get_rel_relkind(relation), get_rel_persistence(relation)};
    });
    std::string name = std::string("\"") + facts.name + "\"";
    auto refuse = [&](const std::string &message, const std::string &detail, const std::string &hint) {
        findings.refusals.push_back({ERRCODE_FEATURE_NOT_SUPPORTED, message, detail, hint});
    };
    if (facts.persistence == RELPERSISTENCE_TEMP)
        refuse("a TVIEW cannot read a temporary table", "Table " + name + " exists in one session only.",
               "Use an ordinary table.");
    else if (facts.persistence == RELPERSISTENCE_UNLOGGED && logged)
        refuse("a logged TVIEW cannot read an unlogged table",
               "A crash empties table " + name + " without the TVIEW being told.",
               "Make the table logged, or the TVIEW unlogged.");
    if (facts.kind == RELKIND_FOREIGN_TABLE)
        refuse("a TVIEW cannot read a foreign table", "Nothing tells when rows of " + name + " change on the other server.",
               "Copy the rows into an ordinary table.");
    else if (facts.kind == RELKIND_MATVIEW)
        refuse("a TVIEW cannot read a materialized view", "No trigger fires when " + name + " is refreshed.",
               "Make " + name + " a TVIEW, or read what it is made from.");
    if (relation < FirstNormalObjectId)
        refuse("a TVIEW cannot read a system catalog", "No trigger fires when " + name + " changes.",
               "Read it beside the TVIEW, or copy what is needed into a table.");
}

std::set<Oid> sources(const std::vector<model::Occurrence> &occurrences)
{
    std::set<Oid> relations;
    for (const model::Occurrence &occurrence : occurrences) {
        relations.insert(occurrence.relation);
        if (!occurrence.inherit)
            continue;
        List *family = pg::call([&] { return find_all_inheritors(occurrence.relation, NoLock, nullptr); });
        for (int i = 0; i < family->length; ++i)
            relations.insert(lfirst_oid(&family->elements[i]));
    }
    return relations;
}

std::set<Oid> immutable_readers(const ScopeTree &tree)
{
    std::set<Oid> found;
    for (const auto &scope : tree.scopes())
        for (auto *rte : pg::items<RangeTblEntry>(scope->query->rtable))
            if (OidIsValid(scope->calling.immutable) && rte->rtekind == RTE_RELATION)
                found.insert(scope->calling.immutable);
    return found;
}

}  // namespace

Findings check_sources(const std::vector<model::Occurrence> &occurrences, bool logged)
{
    Findings findings;
    for (Oid relation : sources(occurrences))
        check_source(relation, logged, findings);
    return findings;
}

Findings check_restrictions(const Query *query, bool logged, const Environment &environment, bool declared)
{
    Findings findings;
    ScopeTree tree(static_cast<Query *>(pg::call(copyObjectImpl, query)), environment);
    Checker checker(findings);
    for (const auto &scope : tree.scopes())
        if (!scope->calling.promised)
            checker.query(scope->query);
    for (Oid function : immutable_readers(tree))
        checker.reads_though_immutable(function);
    for (Oid function : tree.functions().unreadable())
        if (!declared)
            checker.unreadable(function);
    for (Oid relation : sources(tree.occurrences()))
        check_source(relation, logged, findings);
    return findings;
}

}  // namespace tviews::analyze
