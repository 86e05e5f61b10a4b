// Progress of long commands; see progress.hpp.
#include "stats/progress.hpp"

#include <fmt/core.h>
#include <utility>

#include "catalog/settings.hpp"
#include "stats/sessions.hpp"

namespace tviews::stats {

namespace {

constexpr std::uint64_t rows_between_looks = 256;

constexpr int look_interval = 1000;       // ms

Progress *current = nullptr;

// The query that is being followed: whether it is still to come, and its counter of rows.
bool follow_next = false;
const volatile uint64 *followed = nullptr;

TimeoutId look_timeout()
{
    static TimeoutId id = RegisterTimeout(USER_TIMEOUT, [] {
        if (followed != nullptr)
            publish_done_from_signal(*followed);
    });
    return id;
}

void follow_nothing() noexcept
{
    follow_next = false;
    if (followed == nullptr)
        return;
    followed = nullptr;
    disable_timeout(look_timeout(), false);
}

}  // namespace

Progress::Progress(const char *command, const std::string &tview)
    : ignored_(current != nullptr), tview_(tview), command_(command), last_notice_(GetCurrentTimestamp())
{
    if (ignored_)
        return;
    Running running;
    strlcpy(running.command, command, sizeof running.command);
    auto length = static_cast<std::size_t>(pg_mbcliplen(tview.c_str(), static_cast<int>(tview.size()), sizeof running.tview - 1));
    tview.copy(running.tview, length);
    running.started = running.phase_started = last_notice_;
    publish_running(running);
    current = this;
}

Progress::~Progress()
{
    if (ignored_)
        return;
    current = nullptr;
    follow_nothing();
    publish_running(Running{});
}

Progress *Progress::running()
{
    return current;
}

void Progress::phase(const char *name, std::uint64_t total)
{
    phase_ = name;
    total_ = total;
    done_ = 0;
    next_look_ = rows_between_looks;
    phase_started_ = GetCurrentTimestamp();
    if (ignored_)
        return;
    Running running = stats::running();
    strlcpy(running.phase, name, sizeof running.phase);
    running.total = total;
    running.done = 0;
    running.phase_started = phase_started_;
    publish_running(running);
    notice_if_due();
}

void Progress::phase_of_query(const char *name)
{
    phase(name);
    follow_next = !ignored_;
}

void Progress::look()
{
    next_look_ = done_ + rows_between_looks;
    if (ignored_)
        return;
    publish_done(done_);
    notice_if_due();
}

void Progress::notice_if_due()
{
    int interval = catalog::settings().progress_notices;
    if (interval == 0)
        return;
    TimestampTz now = GetCurrentTimestamp();
    if (!TimestampDifferenceExceeds(last_notice_, now, interval * 1000))
        return;
    last_notice_ = now;
    std::string text = fmt::format("{} of {}: {}, {} rows", command_, tview_, phase_, done_);
    if (total_ != 0)
        text += fmt::format(" of about {} ({} %)", total_, std::min<std::uint64_t>(100, 100 * done_ / total_));
    pg::emit(NOTICE, {ERRCODE_SUCCESSFUL_COMPLETION, text});
}

void before_run(QueryDesc *query)
{
    if (!follow_next || query->estate == nullptr)
        return;
    follow_next = false;
    const Plan *source = outerPlan(query->plannedstmt->planTree);
    Running running = stats::running();
    running.total = source != nullptr ? static_cast<std::uint64_t>(source->plan_rows) : 0;
    publish_running(running);
    followed = &query->estate->es_processed;
    enable_timeout_every(look_timeout(), TimestampTzPlusMilliseconds(GetCurrentTimestamp(), look_interval), look_interval);
}

void after_run(QueryDesc *query)
{
    if (followed != nullptr && query->estate != nullptr && followed == &query->estate->es_processed)
        follow_nothing();
}

std::uint64_t estimated_rows(Oid table)
{
    return pg::call([&] {
        Relation relation = relation_open(table, AccessShareLock);
        BlockNumber pages;
        double rows, visible;
        estimate_rel_size(relation, nullptr, &pages, &rows, &visible);
        relation_close(relation, AccessShareLock);
        return static_cast<std::uint64_t>(rows);
    });
}

}  // namespace tviews::stats
