// SQL functions that bring every failure to the border (src/pg) by every way PostgreSQL calls into C++: a function, a
// commit callback, a tree walker, a query that calls a function again.
//
// Only a test: the scripts in sql/ judge the outcome.  The failures themselves are in failures.cpp.
#include <exception>
#include <malloc.h>
#include <string>
#include <string_view>

#include "failures.hpp"
#include "pg/entry.hpp"
#include "pg/walk.hpp"

namespace pg = tviews::pg;
using border::Tracer;

extern "C" {
PG_MODULE_MAGIC;
}

namespace {

const char *text_argument(FunctionCallInfo fcinfo, int number)
{
    return pg::call([&] { return text_to_cstring(PG_GETARG_TEXT_PP(number)); });
}

Datum text_result(const std::string &text)
{
    return pg::call([&] { return CStringGetTextDatum(text.c_str()); });
}

// What a guard has to put back.
struct ServerState {
    sigjmp_buf *jump = PG_exception_stack;
    ErrorContextCallback *callbacks = error_context_stack;
    MemoryContext memory = CurrentMemoryContext;
    bool operator==(const ServerState &) const = default;
};

void run_sql(const char *sql)
{
    if (pg::call(SPI_execute, sql, false, 0) < 0)
        pg::raise({ERRCODE_INTERNAL_ERROR, "SPI refused the statement"});
}

// Runs sql in an SPI connection of its own.  After a failure the transaction's abort closes it.
void run_connected(const char *sql)
{
    pg::call(SPI_connect);
    run_sql(sql);
    pg::call(SPI_finish);
}

}  // namespace

// border_fail(kind): fails below three frames.
TVIEWS_FUNCTION(border_fail)
{
    border::fail_below(2, text_argument(fcinfo, 0));
    PG_RETURN_VOID();
}

// border_sql(command): runs a statement, through the guard.
TVIEWS_FUNCTION(border_sql)
{
    Tracer tracer;
    run_connected(text_argument(fcinfo, 0));
    PG_RETURN_VOID();
}

// border_recurse(depth, kind): calls itself through SPI, so that the failure crosses the border `depth` times both ways.
TVIEWS_FUNCTION(border_recurse)
{
    Tracer tracer;
    int depth = PG_GETARG_INT32(0);
    std::string kind = text_argument(fcinfo, 1);
    if (depth == 0)
        border::fail(kind);
    else
        run_connected(("select border_recurse(" + std::to_string(depth - 1) + ", '" + kind + "')").c_str());
    PG_RETURN_VOID();
}

TVIEWS_FUNCTION(border_living)
{
    PG_RETURN_INT64(Tracer::living);
}

TVIEWS_FUNCTION(border_destroyed)
{
    PG_RETURN_INT64(Tracer::destroyed);
}

TVIEWS_FUNCTION(border_contexts)
{
    PG_RETURN_INT64(border::contexts_added);
}

// border_pending(): whether an exception was left behind as the one being handled.
TVIEWS_FUNCTION(border_pending)
{
    PG_RETURN_BOOL(std::current_exception() != nullptr);
}

// border_heap(): the bytes that malloc has given out, to C++ and to PostgreSQL.
TVIEWS_FUNCTION(border_heap)
{
    struct mallinfo2 heap = mallinfo2();
    PG_RETURN_INT64(static_cast<int64>(heap.uordblks + heap.hblkhd));
}

TVIEWS_FUNCTION(border_emit)
{
    Tracer tracer;
    pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION, "a notice, 100%", "its detail", "its hint"});
    pg::emit(WARNING, {ERRCODE_WARNING, "a warning"});
    PG_RETURN_VOID();
}

// ---- memory: an error that cannot even be copied

namespace {

void *refuse(MemoryContext, Size)
{
    return nullptr;
}

// A memory context that has nothing to give.  The caller may not allocate in it, only the guard tries.
MemoryContext starved_context()
{
    static MemoryContextMethods methods;
    MemoryContext context = pg::call(
        [] { return AllocSetContextCreateInternal(CurrentMemoryContext, "starved", ALLOCSET_SMALL_SIZES); });
    methods = *context->methods;
    methods.alloc = refuse;
    context->methods = &methods;
    return context;
}

}  // namespace

TVIEWS_FUNCTION(border_starved)
{
    Tracer tracer;
    MemoryContextSwitchTo(starved_context());
    border::fail("error");
    PG_RETURN_VOID();
}

// ---- interrupts

namespace {

// Signals this very backend and waits for the signal, checking interrupts through the guard; ten seconds at most.
void await_signal(PGFunction sender)
{
    Tracer tracer;
    pg::call([&] { DirectFunctionCall2(sender, Int32GetDatum(MyProcPid), Int64GetDatum(0)); });
    for (int i = 0; i < 10000; ++i) {
        pg::call([] { CHECK_FOR_INTERRUPTS(); });
        pg_usleep(1000);
    }
}

}  // namespace

TVIEWS_FUNCTION(border_cancel)
{
    await_signal(pg_cancel_backend);
    PG_RETURN_VOID();
}

TVIEWS_FUNCTION(border_terminate)
{
    await_signal(pg_terminate_backend);
    PG_RETURN_VOID();
}

TVIEWS_FUNCTION(border_sleep)
{
    Tracer tracer;
    pg::call([] { DirectFunctionCall1(pg_sleep, Float8GetDatum(10)); });
    PG_RETURN_VOID();
}

// ---- the commit callback

namespace {

char fail_at_commit[32];

void at_transaction_event(XactEvent event, void *)
{
    if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_ABORT)
        return;
    char kind[sizeof fail_at_commit];
    memcpy(kind, fail_at_commit, sizeof kind);
    fail_at_commit[0] = '\0';
    if (event == XACT_EVENT_PRE_COMMIT && kind[0] != '\0')
        pg::entry([&] { border::fail_below(2, kind); });
}

}  // namespace

// border_at_commit(kind): lets the current transaction's PRE_COMMIT callback fail.
TVIEWS_FUNCTION(border_at_commit)
{
    static bool registered = false;
    if (!registered)
        pg::call(RegisterXactCallback, at_transaction_event, nullptr);
    registered = true;
    strlcpy(fail_at_commit, text_argument(fcinfo, 0), sizeof fail_at_commit);
    PG_RETURN_VOID();
}

// ---- tree walkers

namespace {

Node *parameter()
{
    return reinterpret_cast<Node *>(makeNode(Param));
}

// (NULL AND (NULL AND … leaf)), built from the inside.
Node *conjunctions(int depth, Node *leaf)
{
    return pg::call([&] {
        Node *tree = leaf;
        for (int i = 0; i < depth; ++i)
            tree = reinterpret_cast<Node *>(makeBoolExpr(AND_EXPR, list_make2(makeBoolConst(false, true), tree), -1));
        return tree;
    });
}

// "unknown" puts a raw parse node at the bottom, which the walkers themselves refuse.
Node *tree_for(int depth, std::string_view kind)
{
    Node *leaf = pg::call([&] {
        return kind == "unknown" ? reinterpret_cast<Node *>(makeNode(ColumnRef)) : parameter();
    });
    return conjunctions(depth, leaf);
}

bool walk(Node *node, std::string_view kind, int &visited)
{
    Tracer tracer;
    ++visited;
    if (IsA(node, Param))
        border::fail(kind);
    return pg::walk_children(node, [&](Node *child) { return walk(child, kind, visited); });
}

// Copies, with the parameter at the bottom replaced by its successor.
Node *change(Node *node, std::string_view kind)
{
    Tracer tracer;
    if (!IsA(node, Param))
        return pg::mutate_children(node, [&](Node *child) { return change(child, kind); });
    border::fail(kind);
    Node *successor = pg::call(parameter);
    reinterpret_cast<Param *>(successor)->paramid = 1;
    return successor;
}

// Tells whether `copy` is `original` but for the parameter, and original is untouched.
bool changed_well(int depth, Node *original, Node *copy)
{
    return pg::call([&] {
        Node *expected = parameter();
        reinterpret_cast<Param *>(expected)->paramid = 1;
        return equal(copy, conjunctions(depth, expected)) && equal(original, conjunctions(depth, parameter()));
    });
}

// A query without a range table, whose WHERE clause is `condition`.
Query *query_where(Node *condition)
{
    return pg::call([&] {
        Query *query = makeNode(Query);
        query->jointree = makeFromExpr(NIL, condition);
        return query;
    });
}

}  // namespace

// border_walk(depth, kind): the number of nodes visited, unless the visit of the parameter fails.
TVIEWS_FUNCTION(border_walk)
{
    std::string kind = text_argument(fcinfo, 1);
    int visited = 0;
    walk(tree_for(PG_GETARG_INT32(0), kind), kind, visited);
    PG_RETURN_INT32(visited);
}

// border_walk_query(depth, kind): the same below a query.
TVIEWS_FUNCTION(border_walk_query)
{
    std::string kind = text_argument(fcinfo, 1);
    int visited = 0;
    Query *query = query_where(tree_for(PG_GETARG_INT32(0), kind));
    pg::walk_query_children(query, 0, [&](Node *child) { return walk(child, kind, visited); });
    PG_RETURN_INT32(visited);
}

// border_walk_stopped(depth): visits the children until the first constant, and no further.
TVIEWS_FUNCTION(border_walk_stopped)
{
    int visited = 0;
    std::function<bool(Node *)> visit = [&](Node *node) {
        ++visited;
        return IsA(node, Const) || pg::walk_children(node, visit);
    };
    bool stopped = pg::walk_children(tree_for(PG_GETARG_INT32(0), "none"), visit);
    return text_result((stopped ? "stopped after " : "not stopped after ") + std::to_string(visited));
}

// border_mutate(depth, kind): whether the copy is right, unless the change of the parameter fails.
TVIEWS_FUNCTION(border_mutate)
{
    std::string kind = text_argument(fcinfo, 1);
    int depth = PG_GETARG_INT32(0);
    Node *tree = tree_for(depth, kind);
    PG_RETURN_BOOL(changed_well(depth, tree, change(tree, kind)));
}

// ---- an error handled in C++: a subtransaction rolled back

namespace {

// Copied out of the exception before the rollback frees it.
struct Outcome {
    std::string text = "no error";
    bool restored = true;
};

// Runs the statement, then fails; the exception ends here.
Outcome attempt(const char *sql, const char *kind)
{
    Outcome outcome;
    ServerState before;
    try {
        run_sql(sql);
        border::fail_below(2, kind);
    } catch (const pg::Error &error) {
        outcome.text = std::string(unpack_sql_state(error.data()->sqlerrcode)) + " " + error.what();
    } catch (const std::exception &error) {
        outcome.text = error.what();
    } catch (...) {
        outcome.text = "not an exception class";
    }
    outcome.restored = before == ServerState();
    return outcome;
}

Outcome attempt_and_roll_back(const char *sql, const char *kind)
{
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    pg::call([] { BeginInternalSubTransaction(nullptr); });
    // Results have to outlive the subtransaction; what it opens, its own resource owner must close.
    MemoryContextSwitchTo(memory);
    Outcome outcome = attempt(sql, kind);
    pg::call([] { RollbackAndReleaseCurrentSubTransaction(); });
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = owner;
    return outcome;
}

Datum outcome_result(const Outcome &outcome)
{
    return text_result(outcome.text + (outcome.restored ? ", state restored" : ", STATE NOT RESTORED"));
}

}  // namespace

// border_handle(first, kind, second): first and the failure are rolled back, second is carried out.
TVIEWS_FUNCTION(border_handle)
{
    Tracer tracer;
    const char *first = text_argument(fcinfo, 0);
    const char *kind = text_argument(fcinfo, 1);
    const char *second = text_argument(fcinfo, 2);
    pg::call(SPI_connect);
    Outcome outcome = attempt_and_roll_back(first, kind);
    run_sql(second);
    pg::call(SPI_finish);
    return outcome_result(outcome);
}

// border_handle_in_guard(kind): the same within a guarded call, whose own jump target must be in force
// again afterwards: the failure at the end has to arrive there.
TVIEWS_FUNCTION(border_handle_in_guard)
{
    Tracer tracer;
    std::string kind = text_argument(fcinfo, 0);
    pg::call(SPI_connect);
    pg::call([&] {
        attempt_and_roll_back("select 1", kind.c_str());
        ereport(ERROR, (errcode(MAKE_SQLSTATE('T', 'V', '0', '0', '5')), errmsg("after the handled one")));
    });
    PG_RETURN_VOID();
}
