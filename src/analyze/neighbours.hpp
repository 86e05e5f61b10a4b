// Neighbours: the rows with which a row shares a window's partition or a DISTINCT ON group.
//
// `rank() OVER (PARTITION BY fk_user ORDER BY title)` makes a post's document depend on all posts of its user, and then no
// column but fk_user says which documents a changed post can touch.  So the query is read as what it is in truth,
//
//     SELECT pk_post, (SELECT rank() … FROM tb_post n WHERE n.fk_user = p.fk_user) FROM tb_post p
//
// with its FROM clause once more in a subquery, correlated by what all its windows are partitioned by.  The subquery gives more
// than one row and is never run; what matters is which rows its result depends on.
#pragma once

#include <set>

#include "pg/guard.hpp"

namespace tviews::analyze {

// Rewrites one query level in that way, in place, if it has windows with a partition in common, or DISTINCT ON, and nothing else
// that looks at several rows, and says whether.  `ordered`: the order of its rows may matter.  `subqueries`: those made here, which
// stay as they are.
bool separate_neighbours(Query *query, bool ordered, std::set<const Query *> &subqueries);

}  // namespace tviews::analyze
