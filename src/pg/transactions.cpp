// Transactions of a procedure; see transactions.hpp.
#include "pg/transactions.hpp"

namespace tviews::pg {

Transactions::Transactions(FunctionCallInfo fcinfo, const std::string &name) : exceptions_(std::uncaught_exceptions())
{
    bool atomic = fcinfo->context == nullptr || !IsA(fcinfo->context, CallContext) ||
                  reinterpret_cast<CallContext *>(fcinfo->context)->atomic;
    if (atomic)
        raise({ERRCODE_ACTIVE_SQL_TRANSACTION, name + " cannot run inside a transaction block or a function",
               "It commits several times.", "CALL it by itself."});
    call([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
}

Transactions::~Transactions()
{
    if (std::uncaught_exceptions() == exceptions_)
        SPI_finish();
}

// The first transaction is the caller's: its isolation level is settled, and its snapshot is the portal's.
void Transactions::begin()
{
    if (!first_)
        XactIsoLevel = XACT_READ_COMMITTED;
    first_ = false;
    call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
}

void Transactions::commit()
{
    call([] {
        PopActiveSnapshot();
        SPI_commit();
    });
}

}  // namespace tviews::pg
