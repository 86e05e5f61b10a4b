// Capture triggers: one set per base table, however many TVIEWs read it.
//
// Ordinary tables and inheritance children have statement triggers with transition tables; a partitioned table has row triggers,
// which PostgreSQL clones to its present and future partitions.  Both have TRUNCATE triggers; partitions too, because those
// are not cloned.  The names begin with "!" to sort first among a table's statement triggers.
//
// Where session_replication_role is replica, as in the workers that apply a logical replication subscription, rows are written
// without statement triggers.  There ordinary tables have a row trigger (ENABLE REPLICA) in their place; all others fire always.
#pragma once

#include <set>
#include <vector>

#include "catalog/compiled.hpp"

namespace tviews::ddl {

// Locks every table the query reads against writers (ShareRowExclusiveLock, in OID order; this waits for transactions that
// have written) and makes the missing triggers; returns how many.  Raises: 42501 if the current user lacks TRIGGER on one.
// Needs SPI.
int install_triggers(const catalog::Compiled &tview);

// Waits for transactions that have written these tables, their partitions or children, and keeps others out, where all of them are
// captured: what was captured was captured for the query as it was.  While a dump is restored they are not yet, and its other sessions alter the tables.
void lock_out_writers(const std::set<Oid> &relations);

// Drops the capture triggers of these tables, and of their children and parents, where no TVIEW reads them any more.  Needs SPI.
void remove_unused_triggers(const std::vector<Oid> &relations);

// ENABLE TRIGGER ALL makes every trigger fire in ordinary sessions only; this makes capture triggers fire as they should.
// Those that are disabled stay so.  Needs SPI.
void restore_firing(Oid relation);

// Whether `relation` lacks a capture trigger it should have.
bool lacks_triggers(Oid relation);

// Whether one of its capture triggers does not fire where it should.
bool capture_is_disabled(Oid relation);

}  // namespace tviews::ddl
