// SPI sessions and statements; see spi.hpp.
#include "pg/spi.hpp"

#include <utility>

namespace tviews::pg {

namespace {

std::vector<SPIPlanPtr> &discarded()
{
    static auto *plans = new std::vector<SPIPlanPtr>;
    return *plans;
}

Statement::Counts counted;

// A DestReceiver that hands each row to a C++ callback.  An exception stops the executor and is rethrown afterwards; so callbacks
// run in the caller's memory context, where an error outlives the executor.
struct Receiver {
    DestReceiver head;
    const RowCallback *on_row;
    MemoryContext caller;
    std::exception_ptr failure;
};

bool receive(TupleTableSlot *slot, DestReceiver *self) noexcept
{
    auto *receiver = reinterpret_cast<Receiver *>(self);
    MemoryContext executor = MemoryContextSwitchTo(receiver->caller);
    try {
        (*receiver->on_row)(slot);
    } catch (...) {
        receiver->failure = std::current_exception();
    }
    MemoryContextSwitchTo(executor);
    return !receiver->failure;
}

Receiver make_receiver(const RowCallback &on_row)
{
    Receiver receiver{};
    receiver.head.receiveSlot = receive;
    receiver.head.rStartup = [](DestReceiver *, int, TupleDesc) {};
    receiver.head.rShutdown = [](DestReceiver *) {};
    receiver.head.rDestroy = [](DestReceiver *) {};
    receiver.head.mydest = DestNone;
    receiver.on_row = &on_row;
    receiver.caller = CurrentMemoryContext;
    return receiver;
}

void check(int code, const std::string &sql)
{
    if (code < 0)
        raise({ERRCODE_INTERNAL_ERROR, std::string("pg_tviews: SPI failed: ") + SPI_result_code_string(code), sql});
}

std::uint64_t run(SPIPlanPtr plan, const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters,
                  const RowCallback &on_row, bool read_only)
{
    Receiver receiver = make_receiver(on_row);
    bool wants_rows = static_cast<bool>(on_row);
    int code = call([&] {
        ParamListInfo list = nullptr;
        if (!parameters.values.empty()) {
            list = makeParamList(static_cast<int>(parameters.values.size()));
            for (int i = 0; i < list->numParams; ++i)
                list->params[i] = ParamExternData{parameters.values[i],
                                                  !parameters.nulls.empty() && parameters.nulls[i] == 'n',
                                                  PARAM_FLAG_CONST, types[i]};
        }
        SPIExecuteOptions options{};
        options.params = list;
        options.read_only = read_only;
        options.dest = wants_rows ? &receiver.head : nullptr;
        int result = SPI_execute_plan_extended(plan, &options);
        if (!wants_rows)
            SPI_freetuptable(SPI_tuptable);
        return result;
    });
    if (receiver.failure)
        std::rethrow_exception(receiver.failure);
    check(code, sql);
    return SPI_processed;
}

}  // namespace

SpiSession::SpiSession() : exceptions_(std::uncaught_exceptions())
{
    check(call([] { return SPI_connect(); }), "SPI_connect");
}

SpiSession::~SpiSession()
{
    if (std::uncaught_exceptions() == exceptions_)
        SPI_finish();
}

Statement::Statement(std::string sql, std::vector<Oid> parameter_types)
    : sql_(std::move(sql)), types_(std::move(parameter_types))
{
}

Statement::~Statement()
{
    for (SPIPlanPtr plan : {generic_, custom_})
        if (plan != nullptr) {
            discarded().push_back(plan);
            ++counted.discarded;
        }
}

Statement::Kept Statement::kept() const noexcept
{
    Kept kept;
    for (SPIPlanPtr plan : {generic_, custom_}) {
        if (plan == nullptr)
            continue;
        ++kept.plans;
        const List *sources = SPI_plan_get_plan_sources(plan);
        for (int i = 0; i < list_length(sources); ++i) {
            const auto *source = static_cast<const CachedPlanSource *>(lfirst(list_nth_cell(sources, i)));
            kept.bytes += MemoryContextMemAllocated(source->context, true);
            if (source->gplan != nullptr)
                kept.bytes += MemoryContextMemAllocated(source->gplan->context, true);
        }
    }
    return kept;
}

const Statement::Counts &Statement::counts() noexcept
{
    return counted;
}

void Statement::release_discarded()
{
    for (SPIPlanPtr plan : std::exchange(discarded(), {}))
        call(SPI_freeplan, plan);
}

SPIPlanPtr Statement::plan(bool large)
{
    SPIPlanPtr &kept = large ? custom_ : generic_;
    if (kept != nullptr) {
        ++counted.reused;
        return kept;
    }
    ++counted.made;
    int options = large ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN;
    SPIPlanPtr prepared = call([&] {
        SPIPlanPtr made = SPI_prepare_cursor(sql_.c_str(), static_cast<int>(types_.size()), types_.data(), options);
        if (made != nullptr)
            SPI_keepplan(made);
        return made;
    });
    if (prepared == nullptr)
        check(SPI_result, sql_);
    return kept = prepared;
}

std::uint64_t Statement::query(const Parameters &parameters, bool large, const RowCallback &on_row)
{
    return run(plan(large), sql_, types_, parameters, on_row, true);
}

namespace {

// Of what the last statement returned.  C-side.
bool take_all_true()
{
    SPITupleTable *returned = SPI_tuptable;
    bool all = true;
    if (returned == nullptr)
        return all;
    for (std::uint64_t i = 0; i < returned->numvals; ++i) {
        bool is_null;
        Datum value = SPI_getbinval(returned->vals[i], returned->tupdesc, 1, &is_null);
        all = all && !is_null && DatumGetBool(value);
    }
    SPI_freetuptable(returned);
    return all;
}

}  // namespace

Statement::Written Statement::write(const Parameters &parameters, Snapshot snapshot, Snapshot crosscheck)
{
    SPIPlanPtr prepared = plan(false);
    auto *values = const_cast<Datum *>(parameters.values.data());
    const char *nulls = parameters.nulls.empty() ? nullptr : parameters.nulls.data();
    check(call([&] { return SPI_execute_snapshot(prepared, values, nulls, snapshot, crosscheck, false, true, 0); }), sql_);
    Written written{SPI_processed, true};
    written.all_true = call(take_all_true);
    return written;
}

namespace {

// A plan of its own, made for the estimate and thrown away: for these very parameters, or a generic one.  C-side: may raise.
Estimate estimate_plan(const char *sql, const std::vector<Oid> &types, ParamListInfo parameters = nullptr)
{
    SPIPlanPtr made = SPI_prepare_cursor(sql, static_cast<int>(types.size()), const_cast<Oid *>(types.data()),
                                         parameters != nullptr ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN);
    Estimate total;
    if (made == nullptr)
        return total;
    const List *sources = SPI_plan_get_plan_sources(made);
    for (int i = 0; i < list_length(sources); ++i) {
        CachedPlan *cached = GetCachedPlan(static_cast<CachedPlanSource *>(list_nth(sources, i)), parameters, nullptr, nullptr);
        ListCell *cell;
        foreach (cell, cached->stmt_list) {
            total.cost += lfirst_node(PlannedStmt, cell)->planTree->total_cost;
            total.rows += lfirst_node(PlannedStmt, cell)->planTree->plan_rows;
        }
        ReleaseCachedPlan(cached, nullptr);    // an unsaved plan has no owner
    }
    SPI_freeplan(made);
    return total;
}

// C-side: may raise.
double plan_processor_cost(const std::string &sql, const std::vector<Oid> &types, ParamListInfo parameters = nullptr)
{
    int nest_level = NewGUCNestLevel();
    for (const char *name : {"seq_page_cost", "random_page_cost"})
        set_config_option(name, "0.01", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    double total = estimate_plan(sql.c_str(), types, parameters).cost;
    AtEOXact_GUC(true, nest_level);
    return total;
}

}  // namespace

double Statement::processor_cost()
{
    if (!cost_)
        cost_ = call([&] { return plan_processor_cost(sql_, types_); });
    return *cost_;
}

double processor_cost(const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters)
{
    return call([&] {
        ParamListInfo list = makeParamList(static_cast<int>(parameters.values.size()));
        for (int i = 0; i < list->numParams; ++i)
            list->params[i] = ParamExternData{parameters.values[i], !parameters.nulls.empty() && parameters.nulls[i] == 'n',
                                              PARAM_FLAG_CONST, types[i]};
        return plan_processor_cost(sql, types, list);
    });
}

Estimate estimate(const std::string &sql, const std::vector<Oid> &types)
{
    return call([&] { return estimate_plan(sql.c_str(), types); });
}

void execute(const std::string &sql, const std::vector<Oid> &types, const Parameters &parameters,
             const RowCallback &on_row, bool read_only)
{
    SPIPlanPtr plan = call([&] {
        return SPI_prepare(sql.c_str(), static_cast<int>(types.size()), const_cast<Oid *>(types.data()));
    });
    if (plan == nullptr)
        check(SPI_result, sql);
    run(plan, sql, types, parameters, on_row, read_only);
    call(SPI_freeplan, plan);
}

std::optional<std::string> text_column(TupleTableSlot *slot, int number)
{
    const char *text = call([&]() -> const char * {
        bool is_null;
        Datum value = slot_getattr(slot, number, &is_null);
        if (is_null)
            return nullptr;
        Oid output;
        bool varlena;
        getTypeOutputInfo(TupleDescAttr(slot->tts_tupleDescriptor, number - 1)->atttypid, &output, &varlena);
        return OidOutputFunctionCall(output, value);
    });
    if (text == nullptr)
        return std::nullopt;
    return std::string(text);
}

}  // namespace tviews::pg
