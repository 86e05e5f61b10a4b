// TVIEWs in mode deferred or manual: writers leave keys in pg_tview_queue, an *apply* brings their documents up to date.
//
//   writer   at commit (or PREPARE, or before DDL): takes the TVIEW's *queue lock* shared, to the end of its transaction, which waits for
//            nobody; then walks its seeds to keys as a flush does, on snapshots taken after that, without the locks of a flush; then
//            appends the keys in the same transaction
//   apply    (1) takes the TVIEW's own lock exclusively, so that there is one at a time; (2) on a snapshot D reads and deletes the rows
//            it shows; (3) waits for the transactions that hold the queue lock now to end, then for those that hold it then, as many
//            times as the query has occurrences or until nobody does; with a recursion: until nobody does; (4) compares the documents
//            on a snapshot taken then
//
// Claim: in every snapshot S that shows no row of the TVIEW, it equals its query.  (So does a document no row names; and when the writers
// have ended, an apply makes all equal.)
//
// Let document k differ in S, and A be the last apply visible in S that compared k (or what filled the TVIEW), on snapshot C.  Some
// combination of base rows, a part of k, is in S and not in C, or the other way round.  Of its rows that changed in between take
// the one nearest to the key on its route; T0 changed it, and ended after C was taken.  All rows from there to the key are in C and S.
// (a) T0's walk saw them all: then T0 has named k, in a row that C does not show, so A did not delete it, and a later apply
//     visible in S, which would have compared k, did not either.  The row is in S.
// (b) It did not.  Take the row it missed that is nearest to the key.  T1 wrote it, and committed after T0's walk and before C.  If T1's
//     walk saw all rows from there to the key, T1 named k; else it missed one nearer still, which T2 wrote and committed after T1's walk, and
//     so on: to a Tm that has named k, m less than the number of rows on the way.  Is Tm's row deleted?  By an apply with snapshots D,
//     which shows Tm, and C'.  T(m-1) held the queue lock before Tm's commit, so before D was taken: it has ended when the first wait of (3)
//     is over.  T(m-2) held it before T(m-1)'s commit: it has ended after the second; and so on to T0, which therefore
//     is in C'.  If a wait finds nobody, all of them have ended.  So this apply came after A, is not A, and compared k: a contradiction.  The
//     row is in S.
// A way has one row of each occurrence at most, but for those inside a recursion.
//
// Hence a writer never waits for anything but, with a recursion, for others' commits that an apply is waiting for; and what a transaction
// has written itself stays queued when it applies a TVIEW before its own commit: only after that it is certain that nobody has missed it.
// Keys, not seeds, are kept: they mean the same whatever becomes of the query.
//
// Above READ COMMITTED an apply compares what the transaction's snapshot shows, as a flush on read does, and leaves the rows alone; the
// steps above follow at commit, on the latest snapshots, and compare the same documents again: another apply may have come in between.
//
// What a transaction has enqueued before DDL is enqueued again at its end if it applies: its rows, uncommitted, may have gone into
// documents whose keys it has deleted.  test/model/deferred.py checks all of it, with each part taken away.
#pragma once

#include "catalog/refresh_mode.hpp"
#include "refresh/differences.hpp"

namespace tviews::refresh {

// The writer's part, for all seeds of such TVIEWs that the transaction has.
void enqueue();
// Whether that has left keys of a deferred TVIEW since the transaction began.
bool has_enqueued_deferred();
void note_enqueued(catalog::RefreshMode mode);
void forget_enqueued();

// Applies a TVIEW's queue, comparing everything or what the queue names, and what this transaction has written.  Raises as rebuild() does.
Written apply(Oid tview, bool everything);
// At commit: what applies have left for then.  Returns whether there was any.
bool apply_the_rest();

// Whether a transaction has enqueued for a deferred TVIEW, or is about to, that has not ended.
bool writers_under_way();

// Whether documents of the TVIEW may differ by the active snapshot: keys are queued, or seeds of this transaction will be.
bool may_differ(Oid tview);

}  // namespace tviews::refresh
