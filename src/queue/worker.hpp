// The background worker that applies the queues of deferred TVIEWs: one per database, started by commits that enqueue.
//
// It holds the *worker lock* while it lives.  A commit that has enqueued for a deferred TVIEW looks, when others can see it, for the
// holder: it sets the holder's latch, or starts a worker.  The worker looks for rows and waits for its latch in one transaction, without
// which it could not be found: so who commits after the look finds it, and who does before is seen.  It looks by itself every
// 10 seconds, too, and leaves after pg_tviews.worker_idle_time: it releases the lock, then looks once more, so that a commit that saw the
// lock held has not been in vain.
//
// Each TVIEW is applied in a transaction of its own.  One that fails is logged, and tried again after a time that doubles to a minute.
// One that is suspended waits until it is resumed; that commit wakes the worker.  A worker that dies, or the server, loses nothing: the
// rows are there for the next one.
#pragma once

namespace tviews::queue {

// After a commit: wakes the worker or starts one.  Raises nothing.
void wake_worker() noexcept;

}  // namespace tviews::queue
