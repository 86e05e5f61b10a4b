// Tests of routes to keys that several relations own: FULL JOIN, and the branches of set operations.
#include <gtest/gtest.h>

#include "sketch.hpp"

namespace tviews::test {

namespace {

constexpr int posts = 1, pages = 2;     // branches

// (SELECT pk_post AS pk, fk_user FROM tb_post p UNION ALL SELECT pk_page, fk_user FROM tb_page g) x
// JOIN tb_user u ON u.pk_user = x.fk_user.  The walk into a branch is one-sided: u may be combined with the other one.
Sketch entries()
{
    Sketch sketch;
    sketch.table("x.p", "tb_post", {"pk_post", "fk_user"}, {posts});
    sketch.table("x.g", "tb_page", {"pk_page", "fk_user"}, {pages});
    sketch.table("u", "tb_user", {"pk_user", "fk_team"});
    sketch.analysis.set_operations = {{{posts, pages}, {}}};
    sketch.analysis.key = {{"pk", integer, "OPERATOR(pg_catalog.=)"}};
    for (auto [path, branch] : {std::pair{"x.p", posts}, std::pair{"x.g", pages}}) {
        int join = sketch.equality("u.pk_user", path + std::string(".fk_user"));
        sketch.hop(path, "u", join);
        sketch.hop("u", path, join, branch);
    }
    return sketch;
}

// The key comes from the branches.
Sketch keyed_by_branch()
{
    Sketch sketch = entries();
    sketch.alternative({sketch.target({"x.p.pk_post"})}, {posts});
    sketch.alternative({sketch.target({"x.g.pk_page"})}, {pages});
    return sketch;
}

// tb_stock s FULL JOIN tb_price r ON s.item = r.item, key COALESCE(s.item, r.item).
Sketch full_join()
{
    Sketch sketch;
    sketch.table("s", "tb_stock", {"item", "fk_store"});
    sketch.table("r", "tb_price", {"item", "amount"});
    sketch.table("t", "tb_store", {"pk_store"});
    sketch.join("s.item", "r.item");
    sketch.outer_join("t.pk_store", "s.fk_store");
    sketch.analysis.key = {{"pk_item", integer, "OPERATOR(pg_catalog.=)"}};
    sketch.alternative({sketch.target({"s.item"})});
    sketch.alternative({sketch.target({"r.item"})});
    return sketch;
}

}  // namespace

TEST(FullJoin, WalksToEveryOwnerOfTheKey)
{
    Sketch sketch = full_join();
    EXPECT_EQ(sketch.shown_route("s"), "s: pk_item = s.item; s (-> r): pk_item = s.item");
    EXPECT_EQ(sketch.shown_route("r"), "r (-> s): pk_item = r.item; r: pk_item = r.item");
    EXPECT_EQ(sketch.shown_route("t"), "t -> s: pk_item = s.item; t -> s (-> r): pk_item = s.item");
}

TEST(FullJoin, NumbersItsWalksByAlternative)
{
    model::Route route = full_join().route("t");
    ASSERT_EQ(route.walks.size(), 2u);
    EXPECT_EQ(route.walks[0].alternative, 0);
    EXPECT_EQ(route.walks[1].alternative, 1);
}

TEST(FullJoin, IsEverythingIfOneOwnerIsOutOfReach)
{
    Sketch sketch = full_join();
    sketch.table("x", "tb_archive", {"item"});
    sketch.alternative({sketch.target({"x.item"})});
    sketch.obstacle("t", "(t.pk_store = x.item)", "it is the ON condition of an outer join");
    EXPECT_EQ(sketch.shown_route("t"), "everything: (t.pk_store = x.item): it is the ON condition of an outer join");
    EXPECT_TRUE(sketch.route("t").walks.empty());
}

TEST(SetOperation, KeepsABranchOutOfItsSiblingsDocuments)
{
    Sketch sketch = keyed_by_branch();
    EXPECT_EQ(sketch.shown_route("x.p"), "x.p: pk = x.p.pk_post");
    EXPECT_EQ(sketch.shown_route("x.g"), "x.g: pk = x.g.pk_page");
}

TEST(SetOperation, IsWalkedIntoFromOutsideOncePerBranch)
{
    EXPECT_EQ(keyed_by_branch().shown_route("u"), "u -> x.p: pk = x.p.pk_post; u -> x.g: pk = x.g.pk_page");
}

TEST(SetOperation, IsEverythingIfOneBranchIsOutOfReach)
{
    Sketch sketch = keyed_by_branch();
    sketch.table("m", "tb_moderator", {"fk_post"});
    sketch.hop("m", "x.p", sketch.equality("m.fk_post", "x.p.fk_user"), posts);
    EXPECT_EQ(sketch.shown_route("m"), "everything: no join condition leads from it to the key");
}

// A user without posts may have pages: the team's documents are not all found by way of posts.
TEST(SetOperation, IsNoThoroughfareToATargetOutsideOfIt)
{
    Sketch sketch = entries();
    sketch.table("t", "tb_team", {"pk_team", "fk_user"});
    sketch.alternative({sketch.target({"t.pk_team"})});
    int join = sketch.equality("x.p.pk_post", "t.fk_user");
    sketch.hop("x.p", "t", join);
    EXPECT_EQ(sketch.shown_route("x.p"), "x.p -> t: pk = t.pk_team");
    EXPECT_EQ(sketch.shown_route("u"), "everything: no join condition leads from it to the key");
}

TEST(SetOperation, IsNoThoroughfareToASiblingsTarget)
{
    Sketch sketch = keyed_by_branch();
    sketch.analysis.hops.pop_back();        // u into pages
    sketch.hop("x.p", "x.g", sketch.equality("x.p.fk_user", "x.g.fk_user"));
    EXPECT_EQ(sketch.shown_route("u"), "everything: no join condition leads from it to the key");
}

TEST(SetOperation, LetsBothBranchesOutToATargetOutside)
{
    Sketch sketch = entries();
    sketch.alternative({sketch.target({"u.fk_team"})});
    EXPECT_EQ(sketch.shown_route("x.p"), "x.p -> u: pk = u.fk_team");
    EXPECT_EQ(sketch.shown_route("x.g"), "x.g -> u: pk = u.fk_team");
}

// (p UNION ALL g) UNION ALL q, where the first operand is branch 3 and the last is branch 4.
TEST(SetOperation, MayBeNested)
{
    Sketch sketch = entries();
    constexpr int first = 3, last = 4;
    sketch.occurrence("x.p").branches = {first, posts};
    sketch.occurrence("x.g").branches = {first, pages};
    sketch.table("x.q", "tb_question", {"pk_question"}, {last});
    sketch.analysis.set_operations = {{{first, last}, {}}, {{posts, pages}, {}}};
    sketch.alternative({sketch.target({"x.p.pk_post"})}, {first, posts});
    sketch.alternative({sketch.target({"x.g.pk_page"})}, {first, pages});
    sketch.alternative({sketch.target({"x.q.pk_question"})}, {last});
    EXPECT_EQ(sketch.shown_route("x.p"), "x.p: pk = x.p.pk_post");
    EXPECT_EQ(sketch.shown_route("x.g"), "x.g: pk = x.g.pk_page");
    EXPECT_EQ(sketch.shown_route("x.q"), "x.q: pk = x.q.pk_question");
}

// A second UNION in the query, whose branches say nothing about those of the first.
TEST(SetOperation, IsIndependentOfAnother)
{
    Sketch sketch = keyed_by_branch();
    constexpr int likes = 3, shares = 4;
    sketch.table("y.l", "tb_like", {"fk_user"}, {likes});
    sketch.analysis.set_operations.push_back({{likes, shares}, {}});
    sketch.hop("y.l", "u", sketch.equality("y.l.fk_user", "u.pk_user"));
    EXPECT_EQ(sketch.shown_route("y.l"), "y.l -> u -> x.p: pk = x.p.pk_post; y.l -> u -> x.g: pk = x.g.pk_page");
}

TEST(SetOperation, MayGiveOneBranchAConstantKey)
{
    Sketch sketch = entries();
    sketch.alternative({sketch.target({"x.p.pk_post"})}, {posts});
    sketch.alternative({sketch.target({"0"})}, {pages});
    EXPECT_EQ(sketch.shown_route("x.g"), "x.g: pk = 0");
    EXPECT_EQ(sketch.shown_route("u"), "u -> x.p: pk = x.p.pk_post; u: pk = 0");
}

TEST(SetOperation, IsWalkedThroughInEachCase)
{
    Sketch sketch = entries();                    // the key lies behind: JOIN tb_team t ON t.pk_team = x.fk_user, key t.pk_team
    sketch.table("t", "tb_team", {"pk_team", "fk_user"});
    for (auto [path, branch] : {std::pair{"x.p", posts}, std::pair{"x.g", pages}}) {
        int join = sketch.equality(path + std::string(".fk_user"), "t.fk_user");
        sketch.hop(path, "t", join);
        sketch.hop("t", path, join, branch);
    }
    sketch.alternative({sketch.target({"t.pk_team"})});
    EXPECT_EQ(sketch.shown_route("u"), "u -> x.p -> t: pk = t.pk_team; u -> x.g -> t: pk = t.pk_team");
    EXPECT_EQ(sketch.shown_route("x.p"), "x.p -> t: pk = t.pk_team");
}

TEST(SetOperation, NeedsAWayInEachCase)
{
    Sketch sketch = entries();
    sketch.table("t", "tb_team", {"pk_team", "fk_user"});
    sketch.hop("x.p", "t", sketch.equality("x.p.fk_user", "t.fk_user"));
    sketch.alternative({sketch.target({"t.pk_team"})});
    EXPECT_TRUE(sketch.route("u").everything);
}

TEST(Elision, SparesTheStepWhereTheRestOfTheKeyIsConstant)
{
    Sketch sketch = blog();
    sketch.analysis.key.push_back({"level", integer, "OPERATOR(pg_catalog.=)"});
    sketch.analysis.alternatives = {{{sketch.target({"p.pk_post", "1"})}, {}}};
    EXPECT_EQ(sketch.shown_route("c"), "c (-> p): pk_post = c.fk_post, level = 1");
}

}  // namespace tviews::test
