// The transaction's seeds; see seeds.hpp.
#include "queue/seeds.hpp"

#include <algorithm>

#include "catalog/settings.hpp"

namespace tviews::queue {

namespace {

// A plain pointer: nothing global may have a destructor.
Queue *queue = nullptr;

// Whether values of one type are values of the other as they stand, as varchar and text are.
bool same_bytes(Oid one, Oid other)
{
    return one == other || pg::call([&] { return IsBinaryCoercible(one, other) || IsBinaryCoercible(other, one); });
}

}  // namespace

bool Keys::add(const std::vector<int> &part, const pg::RowSet &rows, const std::vector<std::size_t> &columns)
{
    std::vector<Oid> types = rows.types(columns);
    pg::RowSet &known = parts.try_emplace(part, types).first->second;
    for (std::size_t i = 0; i < types.size(); ++i)
        if (!same_bytes(types[i], known.type(i)))
            pg::raise({ERRCODE_INTERNAL_ERROR, "pg_tviews: two walks give keys of different types"});
    bool any_null = false;
    known.add(rows, columns, [&](std::size_t row) {
        bool null = rows.has_null(row, columns);
        any_null |= null;
        return !null;
    });
    return any_null;
}

void Keys::add(const Keys &other)
{
    everything |= other.everything;
    for (const auto &[part, rows] : other.parts)
        add(part, rows, pg::first_columns(rows.width()));
}

Queue &Queue::current()
{
    if (queue == nullptr)
        queue = new Queue;
    return *queue;
}

bool Queue::exists()
{
    return queue != nullptr;
}

void Queue::clear() noexcept
{
    delete queue;
    queue = nullptr;
}

void Queue::slots_changed()
{
    affected_known_ = waiting_known_ = false;
}

const std::vector<Oid> &Queue::waiting()
{
    if (waiting_known_)
        return waiting_;
    waiting_.clear();
    rows_ = 0;
    for (const auto &[slot, seeds] : pending_) {
        rows_ += seeds.rows.size();
        if (waiting_.empty() || waiting_.back() != slot.tview)
            waiting_.push_back(slot.tview);
    }
    waiting_known_ = true;
    return waiting_;
}

std::uint64_t Queue::waiting_rows()
{
    waiting();
    return rows_;
}

Seeds &Queue::slot(const catalog::CaptureTarget &target, bool patch)
{
    Slot where{target.tview, target.occurrence, patch};
    const std::vector<AttrNumber> &layout = patch ? target.copied_seed : target.layout;
    auto known = pending_.find(where);
    if (known == pending_.end()) {
        slots_changed();
        known = pending_.emplace(where, Seeds{pg::RowSet(patch ? target.copied_types : target.seed_types), layout, false, {}}).first;
    }
    Seeds &seeds = known->second;
    if (seeds.columns != layout)
        seeds.everything = true;          // redefined in between; its old layout means nothing now
    return seeds;
}

void Queue::add(const catalog::CaptureTarget &target, const Datum *values, const bool *nulls)
{
    add_row(target, slot(target), values, nulls);
}

void Queue::add_patch(const catalog::CaptureTarget &target, const Datum *values, const bool *nulls,
                      const std::vector<AttrNumber> &changed)
{
    Seeds &seeds = slot(target, true);
    seeds.changed.insert(changed.begin(), changed.end());
    add_row(target, seeds, values, nulls);
}

void Queue::add_row(const catalog::CaptureTarget &target, Seeds &seeds, const Datum *values, const bool *nulls)
{
    if (seeds.everything)
        return;
    std::size_t before = seeds.rows.size();
    seeds.rows.add(values, nulls);
    rows_ += seeds.rows.size() - before;
    if (seeds.rows.bytes() > catalog::seed_memory()) {
        seeds.everything = true;
        slots_changed();
        seeds.rows = pg::RowSet(seeds.rows.types(pg::first_columns(seeds.rows.width())));
    }
}

void Queue::add_everything(const catalog::CaptureTarget &target)
{
    slot(target).everything = true;
}

void Queue::add_everything(Oid tview)
{
    catalog::CaptureTarget target;
    target.tview = tview;
    target.occurrence = -1;
    target.everything = true;
    slot(target).everything = true;
}

std::vector<std::pair<Slot, const Seeds *>> Queue::take(Oid tview)
{
    std::vector<std::pair<Slot, const Seeds *>> taken;
    Flushed flushed{GetCurrentTransactionNestLevel(), false, {}};
    for (auto at = pending_.lower_bound({tview, INT_MIN}); at != pending_.end() && at->first.tview == tview;) {
        auto next = std::next(at);
        flushed.seeds.insert(pending_.extract(at));
        at = next;
    }
    slots_changed();
    flushed_.push_back(std::move(flushed));
    for (const auto &[slot, seeds] : flushed_.back().seeds)
        taken.emplace_back(slot, &seeds);
    return taken;
}

void Queue::forget(Oid tview)
{
    std::erase_if(pending_, [&](const auto &entry) { return entry.first.tview == tview; });
    slots_changed();
}

void Queue::settle(bool keep_for_commit)
{
    if (!keep_for_commit)
        flushed_.remove_if([](const Flushed &flushed) { return flushed.level <= 1; });
}

void Queue::merge(SeedMap &&seeds)
{
    slots_changed();
    while (!seeds.empty()) {
        auto inserted = pending_.insert(seeds.extract(seeds.begin()));
        if (inserted.inserted)
            continue;
        Seeds &known = inserted.position->second;
        Seeds &other = inserted.node.mapped();
        if (known.everything || other.everything || known.columns != other.columns) {
            known.everything = true;
            continue;
        }
        known.rows.add(other.rows, pg::first_columns(other.rows.width()));
        known.changed.insert(other.changed.begin(), other.changed.end());
    }
}

void Queue::reopen_all()
{
    for (Flushed &flushed : flushed_)
        flushed.reopened = true;
    any_reopened_ = true;
    absorb_reopened();
}

void Queue::absorb_reopened()
{
    if (!any_reopened_)
        return;
    for (Flushed &flushed : flushed_)
        if (flushed.reopened)
            merge(std::move(flushed.seeds));
    flushed_.remove_if([](const Flushed &flushed) { return flushed.reopened; });
    any_reopened_ = false;
}

bool Queue::has_pending()
{
    absorb_reopened();
    return !pending_.empty();
}

bool Queue::has_pending_rows()
{
    return has_pending() && std::any_of(pending_.begin(), pending_.end(), [](const auto &item) { return item.first.occurrence >= 0; });
}

void Queue::subtransaction_committed(int level) noexcept
{
    for (Flushed &flushed : flushed_)
        if (flushed.level >= level)
            flushed.level = level - 1;
    for (auto &[tview, at] : skipped)
        at = std::min(at, level - 1);
}

// Only marks: moving seeds allocates, and an abort must not fail.  They are moved when somebody looks.
void Queue::subtransaction_aborted(int level) noexcept
{
    if (flushing >= level)
        flushing = 0;
    for (Flushed &flushed : flushed_)
        if (flushed.level >= level)
            flushed.reopened = any_reopened_ = true;
    std::erase_if(skipped, [&](const auto &entry) { return entry.second >= level; });
}

const std::set<Oid> &Queue::affected()
{
    if (affected_known_)
        return affected_;
    affected_.clear();
    std::vector<Oid> open;
    for (const auto &[slot, seeds] : pending_)
        open.push_back(slot.tview);
    while (!open.empty()) {
        Oid tview = open.back();
        open.pop_back();
        if (!affected_.insert(tview).second)
            continue;
        auto targets = catalog::capture_targets(tview);
        for (const catalog::CaptureTarget &target : *targets)
            open.push_back(target.tview);
    }
    affected_known_ = true;
    return affected_;
}

}  // namespace tviews::queue
