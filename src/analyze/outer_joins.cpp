// Reducing outer joins; see outer_joins.hpp.
//
// A condition that is not true if all columns of a relation are NULL keeps no row in which an outer join has left that relation
// empty.  It speaks for the joins below it that it sees all rows of: those under WHERE and under the ON of inner joins; the ON
// of an outer join speaks for its nullable side alone, and conditions above a FULL JOIN that stays one for nothing inside it.
#include "analyze/outer_joins.hpp"

#include <set>

#include "pg/list.hpp"

namespace tviews::analyze {

namespace {

using Relations = std::set<int>;

class Reducer {
public:
    explicit Reducer(Query *query) : query_(query) {}

    // `rejected`: relations whose null-extended rows something above does not let through.
    void reduce(Node *node, Relations rejected)
    {
        if (node == nullptr)
            return;
        if (IsA(node, FromExpr)) {
            auto *from = reinterpret_cast<FromExpr *>(node);
            rejected.merge(rejected_by(from->quals));
            for (Node *child : pg::nodes(from->fromlist))
                reduce(child, rejected);
        } else if (IsA(node, JoinExpr)) {
            reduce_join(reinterpret_cast<JoinExpr *>(node), rejected);
        }
    }

private:
    void reduce_join(JoinExpr *join, const Relations &rejected)
    {
        bool left = contains_any(join->larg, rejected), right = contains_any(join->rarg, rejected);
        if ((join->jointype == JOIN_LEFT && right) || (join->jointype == JOIN_RIGHT && left))
            set_type(join, JOIN_INNER);
        else if (join->jointype == JOIN_FULL && (left || right))
            set_type(join, left && right ? JOIN_INNER : left ? JOIN_LEFT : JOIN_RIGHT);
        Relations own = rejected_by(join->quals), both = rejected;
        both.insert(own.begin(), own.end());
        bool full = join->jointype == JOIN_FULL, inner = join->jointype == JOIN_INNER;
        reduce(join->larg, full ? Relations{} : inner ? both : join->jointype == JOIN_LEFT ? rejected : own);
        reduce(join->rarg, full ? Relations{} : inner ? both : join->jointype == JOIN_RIGHT ? rejected : own);
    }

    static bool contains_any(Node *node, const Relations &relations)
    {
        if (IsA(node, RangeTblRef))
            return relations.count(reinterpret_cast<RangeTblRef *>(node)->rtindex) != 0;
        auto *join = reinterpret_cast<JoinExpr *>(node);      // a FromExpr stands at the top alone
        return contains_any(join->larg, relations) || contains_any(join->rarg, relations);
    }

    void set_type(JoinExpr *join, JoinType type)
    {
        join->jointype = type;
        static_cast<RangeTblEntry *>(pg::nth(query_->rtable, join->rtindex - 1))->jointype = type;
    }

    // The relations whose null-extended rows the condition does not let through.
    Relations rejected_by(Node *quals)
    {
        Relations found;
        if (quals == nullptr)
            return found;
        Bitmapset *relations = pg::call([&] {
            auto *flat = flatten_join_alias_vars(query_, static_cast<Node *>(copyObjectImpl(quals)));
            return find_nonnullable_rels(flat);
        });
        for (int relation = -1; (relation = bms_next_member(relations, relation)) >= 0;)
            found.insert(relation);
        return found;
    }

    Query *query_;
};

}  // namespace

void reduce_outer_joins(Query *query)
{
    Reducer(query).reduce(reinterpret_cast<Node *>(query->jointree), {});
}

}  // namespace tviews::analyze
