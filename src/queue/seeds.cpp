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
    absorb_aborts();
    if (waiting_known_)
        return waiting_;
    waiting_.clear();
    rows_ = 0;
    for (const SeedMap *seeds_of : {&pending_, &queued_})
        for (const auto &[slot, seeds] : *seeds_of) {
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
    absorb_aborts();
    Slot where{target.tview, target.occurrence, patch};
    const std::vector<AttrNumber> &layout = patch ? target.copied_seed : target.layout;
    SeedMap &seeds_of = catalog::is_queued(target.mode) ? queued_ : pending_;
    auto known = seeds_of.find(where);
    if (known == seeds_of.end()) {
        slots_changed();
        immediate_ |= target.mode == catalog::RefreshMode::immediate;
        Seeds none{pg::RowSet(patch ? target.copied_types : target.seed_types), layout, false, {}, GetCurrentTransactionNestLevel()};
        known = seeds_of.emplace(where, std::move(none)).first;
    }
    Seeds &seeds = known->second;
    seeds.innermost = std::max(seeds.innermost, GetCurrentTransactionNestLevel());
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

void Queue::add_everything(Oid tview, catalog::RefreshMode mode)
{
    catalog::CaptureTarget target;
    target.mode = mode;
    target.tview = tview;
    target.occurrence = -1;
    target.everything = true;
    slot(target).everything = true;
}

namespace {

std::vector<std::pair<Slot, const Seeds *>> seeds_of_tview(const SeedMap &all, Oid tview)
{
    std::vector<std::pair<Slot, const Seeds *>> found;
    for (auto at = all.lower_bound({tview, INT_MIN}); at != all.end() && at->first.tview == tview; ++at)
        found.emplace_back(at->first, &at->second);
    return found;
}

}  // namespace

std::vector<std::pair<Slot, const Seeds *>> Queue::take(Oid tview)
{
    return take_from(pending_, tview, false);
}

std::vector<std::pair<Slot, const Seeds *>> Queue::take_queued(Oid tview)
{
    return take_from(queued_, tview, true);
}

std::vector<std::pair<Slot, const Seeds *>> Queue::queued(Oid tview)
{
    absorb_aborts();
    return seeds_of_tview(queued_, tview);
}

std::vector<std::pair<Slot, const Seeds *>> Queue::take_from(SeedMap &seeds_of, Oid tview, bool queued)
{
    absorb_aborts();
    Flushed flushed{GetCurrentTransactionNestLevel(), false, queued, {}};
    for (auto at = seeds_of.lower_bound({tview, INT_MIN}); at != seeds_of.end() && at->first.tview == tview;) {
        auto next = std::next(at);
        flushed.seeds.insert(seeds_of.extract(at));
        at = next;
    }
    if (flushed.seeds.empty())
        return {};
    slots_changed();
    flushed_.push_back(std::move(flushed));
    return seeds_of_tview(flushed_.back().seeds, tview);
}

void Queue::requeue(Oid tview)
{
    absorb_aborts();
    for (auto at = flushed_.begin(); at != flushed_.end();) {
        bool enqueued = at->queued && !seeds_of_tview(at->seeds, tview).empty();
        if (enqueued)
            merge(queued_, std::move(at->seeds));
        at = enqueued ? flushed_.erase(at) : std::next(at);
    }
}

void Queue::unqueue(Oid tview)
{
    requeue(tview);
    SeedMap own;
    for (auto at = queued_.lower_bound({tview, INT_MIN}); at != queued_.end() && at->first.tview == tview;) {
        auto next = std::next(at);
        own.insert(queued_.extract(at));
        at = next;
    }
    merge(pending_, std::move(own));
}

void Queue::forget(Oid tview)
{
    take_from(pending_, tview, false);
    take_from(queued_, tview, true);
}

void Queue::settle(bool keep_for_commit)
{
    absorb_aborts();
    flushed_.remove_if([&](const Flushed &flushed) { return flushed.level <= 1 && !flushed.queued && !keep_for_commit; });
}

void Queue::merge(SeedMap &seeds_of, SeedMap &&seeds)
{
    slots_changed();
    while (!seeds.empty()) {
        auto inserted = seeds_of.insert(seeds.extract(seeds.begin()));
        if (inserted.inserted)
            continue;
        Seeds &known = inserted.position->second;
        Seeds &other = inserted.node.mapped();
        known.level = std::min(known.level, other.level);
        known.innermost = std::max(known.innermost, other.innermost);
        known.partly_undone |= other.partly_undone;
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
    absorb_aborts();
    for (Flushed &flushed : flushed_)
        flushed.reopened = !flushed.queued;
    any_aborted_ = true;
    absorb_aborts();
}

void Queue::absorb_aborts()
{
    if (!any_aborted_)
        return;
    auto forget_undone = [](SeedMap &seeds_of) { std::erase_if(seeds_of, [](const auto &entry) { return entry.second.undone; }); };
    slots_changed();
    forget_undone(pending_);
    forget_undone(queued_);
    for (Flushed &flushed : flushed_)
        forget_undone(flushed.seeds);
    for (Flushed &flushed : flushed_)
        if (flushed.reopened) {
            immediate_ |= !flushed.queued;      // perhaps; see has_immediate()
            merge(flushed.queued ? queued_ : pending_, std::move(flushed.seeds));
        }
    flushed_.remove_if([](const Flushed &flushed) { return flushed.reopened; });
    any_aborted_ = false;
}

bool Queue::has_pending()
{
    absorb_aborts();
    return !pending_.empty();
}

bool Queue::has_immediate()
{
    if (immediate_)
        immediate_ = has_pending() && std::any_of(pending_.begin(), pending_.end(), [](const auto &item) {
            return catalog::refresh_mode_of(item.first.tview) == catalog::RefreshMode::immediate;
        });
    return immediate_;
}

bool Queue::has_queued()
{
    absorb_aborts();
    return !queued_.empty();
}

bool Queue::has_queued(Oid tview)
{
    return has_queued() && !queued(tview).empty();
}

std::vector<Oid> Queue::queued_tviews()
{
    absorb_aborts();
    std::vector<Oid> tviews;
    for (const auto &[slot, seeds] : queued_)
        if (tviews.empty() || tviews.back() != slot.tview)
            tviews.push_back(slot.tview);
    return tviews;
}

namespace {

bool any_rows(const SeedMap &seeds_of)
{
    return std::any_of(seeds_of.begin(), seeds_of.end(), [](const auto &item) { return item.first.occurrence >= 0; });
}

}  // namespace

bool Queue::has_pending_rows()
{
    return has_pending() && any_rows(pending_);
}

bool Queue::has_queued_rows()
{
    return has_queued() && any_rows(queued_);
}

template <class Visit>
void Queue::each_seeds(const Visit &visit) noexcept
{
    for (SeedMap *seeds_of : {&pending_, &queued_})
        for (auto &[slot, seeds] : *seeds_of)
            visit(seeds);
    for (Flushed &flushed : flushed_)
        for (auto &[slot, seeds] : flushed.seeds)
            visit(seeds);
}

void Queue::subtransaction_committed(int level) noexcept
{
    each_seeds([&](Seeds &seeds) {
        seeds.level = std::min(seeds.level, level - 1);
        seeds.innermost = std::min(seeds.innermost, level - 1);
    });
    for (Flushed &flushed : flushed_)
        flushed.level = std::min(flushed.level, level - 1);
    for (auto &[tview, at] : skipped)
        at = std::min(at, level - 1);
    for (auto &[tview, what] : apply_at_commit)
        what.level = std::min(what.level, level - 1);
}

// Only marks: moving seeds allocates, and an abort must not fail.  They are moved when somebody looks.
void Queue::subtransaction_aborted(int level) noexcept
{
    if (flushing >= level)
        flushing = 0;
    each_seeds([&](Seeds &seeds) {
        if (seeds.level >= level)
            seeds.undone = any_aborted_ = true;
        seeds.partly_undone |= seeds.innermost >= level;
        seeds.innermost = std::min(seeds.innermost, level - 1);
    });
    for (Flushed &flushed : flushed_)
        if (flushed.level >= level)
            flushed.reopened = any_aborted_ = true;
    std::erase_if(skipped, [&](const auto &entry) { return entry.second >= level; });
    std::erase_if(apply_at_commit, [&](const auto &entry) { return entry.second.level >= level; });
}

const std::set<Oid> &Queue::affected()
{
    absorb_aborts();
    if (affected_known_ && affected_as_of_ == catalog::generation())
        return affected_;
    affected_.clear();
    affected_as_of_ = catalog::generation();
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
            if (!catalog::is_queued(target.mode))
                open.push_back(target.tview);
    }
    affected_known_ = true;
    return affected_;
}

}  // namespace tviews::queue
