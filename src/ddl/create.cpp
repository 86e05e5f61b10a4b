// The ways in: CREATE TABLE tv_x AS SELECT, by event triggers, pg_tviews_create(), and pg_tviews_create_concurrently(), which
// leaves the fill to transactions that follow (refresh/batches.hpp).
//
// At ddl_command_start the statement's query is still as it was analysed: it is copied, and the statement told to make the
// table without rows, since the fill has to come after the triggers.  At ddl_command_end the table exists and becomes a
// TVIEW.  Not here: what that takes (define.cpp), and other DDL (follow.cpp).
#include "ddl/create.hpp"

#include <fmt/core.h>
#include <map>

#include "catalog/settings.hpp"
#include "ddl/define.hpp"
#include "ddl/internal.hpp"
#include "pg/entry.hpp"
#include "pg/list.hpp"
#include "pg/spi.hpp"
#include "pg/walk.hpp"
#include "refresh/batches.hpp"

namespace tviews::ddl {

namespace {

// Queries of CREATE TABLE AS statements between their start and end, by statement; such statements nest in functions.  The
// copies live in the transaction's memory, so an entry left by a failed statement is recognised by the transaction.
struct Started {
    const Query *query;
    LocalTransactionId transaction;
};

std::map<const Node *, Started> &started()
{
    static auto *only = new std::map<const Node *, Started>;
    return *only;
}

bool has_parameters(Node *node)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Param) && reinterpret_cast<Param *>(node)->paramkind == PARAM_EXTERN)
        return true;
    if (IsA(node, Query))
        return pg::walk_query_children(reinterpret_cast<Query *>(node), 0, has_parameters);
    return pg::walk_children(node, has_parameters);
}

[[noreturn]] void refuse(const std::string &name, const std::string &detail, const std::string &hint)
{
    pg::raise({ERRCODE_FEATURE_NOT_SUPPORTED, fmt::format("cannot make \"{}\" a TVIEW", name), detail, hint});
}

bool is_temporary(const RangeVar *relation)
{
    if (relation->relpersistence == RELPERSISTENCE_TEMP)
        return true;
    return pg::call([&] { return isTempNamespace(RangeVarGetCreationNamespace(relation)); });
}

// Whether this statement is to make a TVIEW.  Raises where it looks so but cannot.
bool wants_tview(const CreateTableAsStmt *statement)
{
    const IntoClause *into = statement->into;
    std::string name = into->rel->relname;
    if (!catalog::settings().intercept || InternalDdl::running() || statement->objtype != OBJECT_TABLE || !entity_of(name))
        return false;
    if (is_temporary(into->rel)) {
        pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION, fmt::format("temporary table \"{}\" is not a TVIEW", name),
                          "It holds the rows of its query as they are now and is not maintained."});
        return false;
    }
    if (statement->is_select_into)
        refuse(name, "SELECT INTO does not say that the table is to be maintained.",
               "Use CREATE TABLE " + name + " AS SELECT, or SET pg_tviews.intercept = off for an ordinary table.");
    if (IsA(statement->query, Query) && reinterpret_cast<Query *>(statement->query)->commandType != CMD_SELECT)
        refuse(name, "CREATE TABLE AS EXECUTE carries no query that could be maintained.",
               "Write the prepared statement's SELECT in its place.");
    if (into->skipData)
        refuse(name, "A TVIEW always holds the rows of its query.",
               "Leave WITH NO DATA out, or SET pg_tviews.intercept = off for an ordinary table.");
    if (has_parameters(statement->query))
        refuse(name, "The query refers to a variable or parameter, whose value is gone when the TVIEW is maintained.",
               "Build the statement with EXECUTE format(…) so that the value becomes a constant.");
    return true;
}

bool exists_already(const CreateTableAsStmt *statement)
{
    return statement->if_not_exists && pg::call([&] {
               Oid schema = RangeVarGetCreationNamespace(statement->into->rel);
               return OidIsValid(get_relname_relid(statement->into->rel->relname, schema));
           });
}

// The table the statement made; InvalidOid if IF NOT EXISTS found one.
Oid created_table()
{
    Oid table = InvalidOid;
    pg::SpiSession session;
    pg::execute("SELECT objid FROM pg_catalog.pg_event_trigger_ddl_commands() "
                "WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND object_type = 'table'",
                {}, {}, [&](TupleTableSlot *slot) {
                    bool is_null;
                    table = DatumGetObjectId(pg::call([&] { return slot_getattr(slot, 1, &is_null); }));
                });
    return table;
}

// The one SELECT that a text contains: analysed, and the text without what stands round it.
struct Select {
    Query *query;
    const char *text;
};

Select parse_query(const char *text)
{
    return pg::call([&] {
        List *statements = pg_parse_query(text);
        if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
            ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("a TVIEW is defined by a single SELECT statement")));
        auto *raw = linitial_node(RawStmt, statements);
        if (reinterpret_cast<SelectStmt *>(raw->stmt)->intoClause != nullptr)
            ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("the query of a TVIEW cannot have an INTO clause")));
        const char *start = text + raw->stmt_location;
        const char *select = raw->stmt_len > 0 ? pnstrdup(start, raw->stmt_len) : start;
        return Select{parse_analyze_fixedparams(raw, text, nullptr, 0, nullptr), select};
    });
}

struct QualifiedName {
    std::string sql;
    std::string table;
};

QualifiedName parse_name(text *name)
{
    RangeVar *parsed = pg::call([&] { return makeRangeVarFromNameList(textToQualifiedNameList(name)); });
    if (is_temporary(parsed))
        refuse(parsed->relname, "A temporary table vanishes with the session.", "Name an ordinary schema.");
    std::string schema = pg::call([&]() -> const char * {
        return get_namespace_name(RangeVarGetCreationNamespace(parsed));
    });
    std::string sql = pg::call([&]() -> const char * { return quote_qualified_identifier(schema.c_str(), parsed->relname); });
    return {sql, parsed->relname};
}

struct Created {
    Oid table;
    std::string mark;             // with Fill::later
};

Created create_from_text(const QualifiedName &name, const char *text, const Options &options, Fill when)
{
    Select select = parse_query(text);
    if (has_parameters(reinterpret_cast<Node *>(select.query)))
        refuse(name.table, "The query refers to a parameter.", "Write its value into the query.");
    Oid table;
    {
        InternalDdl internal;
        pg::SpiSession session;
        pg::execute(fmt::format("CREATE TABLE {} AS {}\nWITH NO DATA", name.sql, select.text));
        table = pg::call([&] {
            return RangeVarGetRelid(makeRangeVarFromNameList(stringToQualifiedNameList(name.sql.c_str())), NoLock, false);
        });
    }
    return {table, define_tview(table, select.query, options, when)};
}

struct Request {
    QualifiedName name;
    std::string query;
    Options options;
};

Request read_request(FunctionCallInfo fcinfo)
{
    auto name = parse_name(pg::call([&] { return PG_GETARG_TEXT_PP(0); }));
    const char *query = pg::call([&]() -> const char * { return text_to_cstring(PG_GETARG_TEXT_PP(1)); });
    auto options = parse_options(pg::call([&] { return PG_GETARG_JSONB_P(2); }));
    if (!entity_of(name.table))
        pg::raise({ERRCODE_INVALID_NAME, "invalid name \"" + name.table + "\" for a TVIEW", "",
                   "The name of a TVIEW is tv_ followed by its entity, for instance tv_post."});
    return {name, query, options};
}

void create_concurrently(const Request &request, int batch, pg::Transactions &transactions)
{
    Created created;
    transactions.run([&] { created = create_from_text(request.name, request.query.c_str(), request.options, Fill::later); });
    refresh::fill_in_batches(transactions, created.table, created.mark, refresh::List::all, batch);
}

}  // namespace

void start_create_table_as(Node *parsetree)
{
    auto *statement = reinterpret_cast<CreateTableAsStmt *>(parsetree);
    if (!wants_tview(statement) || exists_already(statement))
        return;
    auto *copy = pg::call([&] {
        MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
        auto *query = static_cast<Query *>(copyObjectImpl(statement->query));
        MemoryContextSwitchTo(caller);
        return query;
    });
    started()[parsetree] = {copy, MyProc->lxid};
    statement->into->skipData = true;
}

void end_create_table_as(Node *parsetree)
{
    auto known = started().find(parsetree);
    if (known == started().end())
        return;
    Started statement = known->second;
    started().erase(known);
    if (statement.transaction != MyProc->lxid)
        return;
    if (Oid table = created_table(); OidIsValid(table))
        define_tview(table, statement.query, Options{});
}

}  // namespace tviews::ddl

TVIEWS_FUNCTION(pg_tviews_create)
{
    using namespace tviews;
    ddl::Request request = ddl::read_request(fcinfo);
    return ObjectIdGetDatum(ddl::create_from_text(request.name, request.query.c_str(), request.options, ddl::Fill::now).table);
}

TVIEWS_FUNCTION(pg_tviews_create_concurrently)
{
    using namespace tviews;
    pg::Transactions transactions(fcinfo, "pg_tviews_create_concurrently()");
    for (int argument = 0; argument < 4; ++argument)
        if (PG_ARGISNULL(argument))
            pg::raise({ERRCODE_NULL_VALUE_NOT_ALLOWED, "no argument of pg_tviews_create_concurrently() may be null"});
    ddl::create_concurrently(ddl::read_request(fcinfo), refresh::checked_batch(PG_GETARG_INT32(3)), transactions);
    return Datum(0);
}
