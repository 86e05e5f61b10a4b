// Seeds of one changed row; see row.hpp.
#include "capture/row.hpp"

#include <algorithm>

#include "catalog/settings.hpp"
#include "queue/seeds.hpp"
#include "queue/skipping.hpp"
#include "stats/flushes.hpp"

namespace tviews::capture {

using catalog::CaptureTarget;
using catalog::CaptureTargets;

RowCapture::RowCapture(const CaptureTargets &targets, TupleDesc desc) : desc_(desc)
{
    std::size_t widest = 0;
    targets_.reserve(targets.size());
    for (const CaptureTarget &target : targets) {
        if (queue::skips(target.tview))
            continue;
        targets_.push_back(&target);
        widest = std::max({widest, target.seed_columns.size(), target.copied_seed.size()});
    }
    values_ = std::make_unique<Datum[]>(widest + 1);
    nulls_ = std::make_unique<bool[]>(widest + 1);
}

void RowCapture::everything()
{
    for (const CaptureTarget *target : targets_)
        queue::Queue::current().add_everything(*target);
}

void RowCapture::inserted(TupleTableSlot *slot)
{
    for (const CaptureTarget *target : targets_)
        if (target->inserts)
            seed(*target, slot, true);
}

void RowCapture::deleted(TupleTableSlot *slot)
{
    for (const CaptureTarget *target : targets_)
        seed(*target, slot, true);
}

void RowCapture::updated(TupleTableSlot *before, TupleTableSlot *after)
{
    for (std::size_t i = 0; i < targets_.size();) {       // the targets of a TVIEW stand together
        Oid tview = targets_[i]->tview;
        bool concerned = false;
        for (; i < targets_.size() && targets_[i]->tview == tview; ++i)
            concerned |= seed_changes(*targets_[i], before, after);
        if (!concerned)
            stats::row_pruned(tview);
    }
}

// Returns whether the row has changed in a column that matters to the target.
bool RowCapture::seed_changes(const CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after)
{
    if (!differs(target, before, after))
        return false;
    if (catalog::settings().patch && only_copies_differ(target)) {
        read_columns(target.copied_seed, after);
        queue::Queue::current().add_patch(target, values_.get(), nulls_.get(), changed_);
        return true;
    }
    bool moved = has_moved(target, before, after);
    seed(target, before, moved);
    if (moved)
        seed(target, after, moved);
    return true;
}

// Leaves the used columns that differ in changed_, unless all columns count.
bool RowCapture::differs(const CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after)
{
    changed_.clear();
    changed_.reserve(target.used.size());
    return pg::call([&] {
        slot_getallattrs(before);
        slot_getallattrs(after);
        if (target.any_column) {
            for (AttrNumber number = 1; number <= desc_->natts; ++number)
                if (column_differs(number, before, after))
                    return true;
            return false;
        }
        for (AttrNumber number : target.used)
            if (column_differs(number, before, after))
                changed_.push_back(number);       // there is room: this must not allocate
        return !changed_.empty();
    });
}

// Whether the columns that differ are all copied; with any_column none of them is known.
bool RowCapture::only_copies_differ(const CaptureTarget &target) const
{
    return !target.copied.empty() && std::all_of(changed_.begin(), changed_.end(), [&](AttrNumber number) {
        return std::find(target.copied.begin(), target.copied.end(), number) != target.copied.end();
    });
}

// Whether the two rows make different seeds.
bool RowCapture::has_moved(const CaptureTarget &target, TupleTableSlot *before, TupleTableSlot *after)
{
    return pg::call([&] {
        for (AttrNumber number : target.seed_columns)
            if (number <= 0 || column_differs(number, before, after))
                return true;
        return false;
    });
}

bool RowCapture::column_differs(AttrNumber number, TupleTableSlot *before, TupleTableSlot *after)
{
    int i = number - 1;
    if (before->tts_isnull[i] != after->tts_isnull[i])
        return true;
    Form_pg_attribute attribute = TupleDescAttr(desc_, i);
    return !before->tts_isnull[i] && !datum_image_eq(before->tts_values[i], after->tts_values[i],
                                                     attribute->attbyval, attribute->attlen);
}

void RowCapture::seed(const CaptureTarget &target, TupleTableSlot *slot, bool moved)
{
    if (target.everything)
        return queue::Queue::current().add_everything(target);
    read_seed(target, slot, moved);
    queue::Queue::current().add(target, values_.get(), nulls_.get());
}

void RowCapture::read_columns(const std::vector<AttrNumber> &columns, TupleTableSlot *slot)
{
    pg::call([&] {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (columns[i] > 0) {
                values_[i] = slot_getattr(slot, columns[i], &nulls_[i]);
            } else {
                values_[i] = ExecFetchSlotHeapTupleDatum(slot);
                nulls_[i] = false;
            }
        }
    });
}

void RowCapture::read_seed(const CaptureTarget &target, TupleTableSlot *slot, bool moved)
{
    read_columns(target.seed_columns, slot);
    if (target.passed) {
        values_[target.seed_columns.size()] = BoolGetDatum(moved);
        nulls_[target.seed_columns.size()] = false;
    }
}

}  // namespace tviews::capture
