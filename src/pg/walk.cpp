// Trampolines between PostgreSQL's tree walkers and C++ callbacks; see walk.hpp.
#include "pg/walk.hpp"

#include "pg/list.hpp"

namespace tviews::pg {

namespace {

struct Visitor {
    const std::function<bool(Node *)> *visit;
    std::exception_ptr failure;
};

bool visit_child(Node *node, void *context) noexcept
{
    auto *visitor = static_cast<Visitor *>(context);
    if (node == nullptr)
        return false;
    try {
        return (*visitor->visit)(node);
    } catch (...) {
        visitor->failure = std::current_exception();
        return true;
    }
}

struct Changer {
    const std::function<Node *(Node *)> *change;
    std::exception_ptr failure;
};

Node *change_child(Node *node, void *context) noexcept
{
    auto *changer = static_cast<Changer *>(context);
    if (node == nullptr || changer->failure)
        return node;
    try {
        return (*changer->change)(node);
    } catch (...) {
        changer->failure = std::current_exception();
        return node;
    }
}

// The server declares its callbacks without parameters; the way through void (*)() tells the compiler that the cast
// between the two types is meant.
using Walker = bool (*)();
using Mutator = Node *(*)();
using Any = void (*)();
const Walker walker = reinterpret_cast<Walker>(reinterpret_cast<Any>(visit_child));
const Mutator mutator = reinterpret_cast<Mutator>(reinterpret_cast<Any>(change_child));

}  // namespace

bool walk_children(Node *node, const std::function<bool(Node *)> &visit)
{
    Visitor visitor{&visit, nullptr};
    bool stopped = call([&] { return expression_tree_walker(node, walker, &visitor); });
    if (visitor.failure)
        std::rethrow_exception(visitor.failure);
    return stopped;
}

bool walk_query_children(Query *query, int flags, const std::function<bool(Node *)> &visit)
{
    Visitor visitor{&visit, nullptr};
    bool stopped = call([&] { return query_tree_walker(query, walker, &visitor, flags); });
    if (visitor.failure)
        std::rethrow_exception(visitor.failure);
    return stopped;
}

Node *mutate_children(Node *node, const std::function<Node *(Node *)> &change)
{
    Changer changer{&change, nullptr};
    Node *copy = call([&] { return expression_tree_mutator(node, mutator, &changer); });
    if (changer.failure)
        std::rethrow_exception(changer.failure);
    return copy;
}

Query *mutate_query_children(Query *query, const std::function<Node *(Node *)> &change)
{
    Changer changer{&change, nullptr};
    Query *copy = call([&] { return query_tree_mutator(query, mutator, &changer, 0); });
    if (changer.failure)
        std::rethrow_exception(changer.failure);
    return copy;
}

bool same_equality(Oid one, Oid other)
{
    auto by_bytes = [](Oid collation) { return !OidIsValid(collation) || get_collation_isdeterministic(collation); };
    return one == other || (by_bytes(one) && by_bytes(other));
}

bool compares_alike(Node *cast, Node *value)
{
    return call([&] {
        return lookup_type_cache(exprType(cast), TYPECACHE_BTREE_OPFAMILY)->btree_opf ==
                   lookup_type_cache(exprType(value), TYPECACHE_BTREE_OPFAMILY)->btree_opf &&
               same_equality(exprCollation(cast), exprCollation(value));
    });
}

Node *strip_relabel(Node *node)
{
    while (node != nullptr && IsA(node, RelabelType)) {
        auto *value = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
        if (!compares_alike(node, value))
            break;
        node = value;
    }
    return node;
}

std::vector<Node *> conjuncts(Node *quals)
{
    if (quals == nullptr)
        return {};
    const List *parts = nullptr;
    if (IsA(quals, List))
        parts = reinterpret_cast<List *>(quals);
    else if (IsA(quals, BoolExpr) && reinterpret_cast<BoolExpr *>(quals)->boolop == AND_EXPR)
        parts = reinterpret_cast<BoolExpr *>(quals)->args;
    else
        return {quals};
    std::vector<Node *> found;
    for (Node *part : nodes(parts))
        for (Node *conjunct : conjuncts(part))
            found.push_back(conjunct);
    return found;
}

}  // namespace tviews::pg
