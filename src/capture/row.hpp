// From one changed row to seeds.
//
// For each occurrence the table feeds, an UPDATE that leaves every used column bitwise equal adds nothing; otherwise the old
// and the new row add their join values, once if they are the same.  Runs no SQL.
#pragma once

#include <memory>

#include "catalog/compiled.hpp"

namespace tviews::capture {

class RowCapture {
public:
    // Rows come in slots of this descriptor.  Keeps references.
    RowCapture(const catalog::CaptureTargets &targets, TupleDesc desc);

    // Whether any TVIEW wants the rows.
    bool wanted() const { return !targets_.empty(); }

    void everything();
    void inserted(TupleTableSlot *slot);
    void deleted(TupleTableSlot *slot);
    void updated(TupleTableSlot *before, TupleTableSlot *after);

private:
    bool seed_changes(const catalog::CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after);
    bool differs(const catalog::CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after);
    bool has_moved(const catalog::CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after);
    bool column_differs(AttrNumber number, TupleTableSlot *before, TupleTableSlot *after);
    bool only_copies_differ(const catalog::CaptureTarget &target) const;
    void read_columns(const std::vector<AttrNumber> &columns, TupleTableSlot *slot);
    void read_seed(const catalog::CaptureTarget &target, TupleTableSlot *slot, bool moved);
    void seed(const catalog::CaptureTarget &target, TupleTableSlot *slot, bool moved);

    std::vector<const catalog::CaptureTarget *> targets_;        // those whose TVIEW is not suspended
    TupleDesc desc_;
    std::unique_ptr<Datum[]> values_;
    std::unique_ptr<bool[]> nulls_;
    std::vector<AttrNumber> changed_;
};

}  // namespace tviews::capture
