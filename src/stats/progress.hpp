// The progress of a long command, for pg_tviews_progress and for notices.
//
//     stats::Progress progress("refresh", tview.name());
//     progress.phase("comparing", stats::estimated_rows(table));
//     for (…) progress.advance();
//
// One at a time runs in a session; one begun inside another is ignored.  Code that works for several commands, or none, uses
// Progress::running().
#pragma once

#include <cstdint>
#include <string>

#include "pg/guard.hpp"

namespace tviews::stats {

class Progress {
public:
    // `command` is a constant of at most 15 letters: create, refresh, verify, resume.
    Progress(const char *command, const std::string &tview);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    // Begins a phase of so many rows; 0: nobody knows.  `name` is a constant of at most 15 letters.  Raises only while notices are on.
    void phase(const char *name, std::uint64_t total = 0);
    void advance(std::uint64_t rows = 1)
    {
        done_ += rows;
        if (done_ >= next_look_)
            look();
    }

    // A phase that is one INSERT … SELECT: of the next query the executor runs, done and total follow from the rows it has
    // inserted, looked at once a second, and the planner's estimate.  No notices meanwhile.
    void phase_of_query(const char *name);

    // The one that runs in this session, or null.
    static Progress *running();

private:
    void look();
    void notice_if_due();

    bool ignored_;
    std::string tview_;
    const char *command_;
    const char *phase_ = "";
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t next_look_ = 0;
    TimestampTz phase_started_ = 0;
    TimestampTz last_notice_ = 0;
};

// Called before and after the executor runs a query.  C-side; do not raise.
void before_run(QueryDesc *query);
void after_run(QueryDesc *query);

// The planner's estimate of a table's rows, from its present size.
std::uint64_t estimated_rows(Oid table);

}  // namespace tviews::stats
