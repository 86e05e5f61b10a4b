// The audit log's hash chain: each row has a number, its link, and a hash over itself and the hash of the row before it.
//
// Rows are linked when their transaction commits, after its flush, under one lock that is kept until the commit is done: so links have
// no gaps though transactions roll back, and the chain is what it is at any isolation level.  It is the last lock a transaction waits
// for but for what user triggers do at commit, so transactions do not deadlock over it.  A prepared transaction keeps it.
// Not here: what the rows say (audit.hpp), the hash itself and its verification (SQL, in the install script).
#pragma once

namespace tviews::catalog {

// Notes that this transaction has added rows.
void note_audit_rows() noexcept;
bool has_audit_rows() noexcept;
// Links them; before the transaction commits or is prepared.
void link_audit_rows();
// Forgets about them; at its end.
void forget_audit_rows() noexcept;

}  // namespace tviews::catalog
