// One row of a set-returning function, column by column.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "pg/result_set.hpp"

namespace tviews::inspect {

class Row {
public:
    template <std::integral Number>
    Row &add(Number value)
    {
        return put(pg::call([&] { return Int64GetDatum(static_cast<int64>(value)); }));
    }
    Row &add(double value)
    {
        return put(pg::call([&] { return Float8GetDatum(value); }));
    }
    Row &add(const std::string &value)
    {
        return put(pg::call([&] { return CStringGetTextDatum(value.c_str()); }));
    }
    Row &add(const char *value) { return add(std::string(value)); }
    Row &add(const std::vector<std::string> &values)
    {
        return put(pg::call([&] {
            auto *texts = static_cast<Datum *>(palloc(sizeof(Datum) * (values.size() + 1)));
            for (std::size_t i = 0; i < values.size(); ++i)
                texts[i] = CStringGetTextDatum(values[i].c_str());
            return PointerGetDatum(construct_array(texts, static_cast<int>(values.size()), TEXTOID, -1, false, TYPALIGN_INT));
        }));
    }
    Row &add_bool(bool value) { return put(BoolGetDatum(value)); }
    Row &add_relation(Oid relation) { return put(ObjectIdGetDatum(relation)); }
    // NULL if it is 0.
    Row &add_time(TimestampTz time) { return time == 0 ? add_nulls(1) : put(TimestampTzGetDatum(time)); }
    Row &add_nulls(int count)
    {
        for (int i = 0; i < count; ++i) {
            values_.push_back(0);
            nulls_.push_back(1);
        }
        return *this;
    }
    void give(pg::ResultSet &result) const { result.add(values_.data(), reinterpret_cast<const bool *>(nulls_.data())); }

private:
    Row &put(Datum value)
    {
        values_.push_back(value);
        nulls_.push_back(0);
        return *this;
    }

    std::vector<Datum> values_;
    std::vector<unsigned char> nulls_;
};

}  // namespace tviews::inspect
