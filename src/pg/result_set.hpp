// The rows a set-returning SQL function gives, collected in a tuplestore.
#pragma once

#include "pg/guard.hpp"

namespace tviews::pg {

class ResultSet {
public:
    explicit ResultSet(FunctionCallInfo fcinfo, bits32 flags = 0)
    {
        call([&] { InitMaterializedSRF(fcinfo, flags); });
        info_ = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    }
    void add(const Datum *values, const bool *nulls)
    {
        call([&] {
            tuplestore_putvalues(info_->setResult, info_->setDesc, const_cast<Datum *>(values), const_cast<bool *>(nulls));
        });
    }

private:
    ReturnSetInfo *info_;
};

}  // namespace tviews::pg
