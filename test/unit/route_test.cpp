// Tests of model/route.hpp: which way leads from a changed row to the key, and which columns it takes.
// Not here: FULL JOIN and set operations, whose keys have several owners (alternatives_test.cpp).
#include <gtest/gtest.h>

#include "sketch.hpp"

namespace tviews::test {

namespace {

// Tables of equal shape, for questions about the graph alone.  The first one has the key; joins over its `other` do not
// give the key, so that no step is elided.
Sketch graph(const std::vector<std::string> &paths)
{
    Sketch sketch;
    for (const std::string &path : paths)
        sketch.table(path, "tb_" + path, {"id", "other"});
    sketch.analysis.key = {{"pk", integer, "OPERATOR(pg_catalog.=)"}};
    sketch.alternative({sketch.target({paths.front() + ".id"})});
    return sketch;
}

// Posts that belong to a tenant each, with a key of two columns; comments carry both.
Sketch tenants()
{
    Sketch sketch;
    sketch.table("p", "tb_post", {"fk_tenant", "pk_post"});
    sketch.table("c", "tb_comment", {"fk_tenant", "fk_post"});
    sketch.analysis.key = {{"fk_tenant", integer, "OPERATOR(pg_catalog.=)"}, {"pk_post", integer, "OPERATOR(pg_catalog.=)"}};
    return sketch;
}

}  // namespace

TEST(Route, OfTheKeyOwnerHasNoSteps)
{
    EXPECT_EQ(blog().shown_route("p"), "p: pk_post = p.pk_post");
}

TEST(Route, GoesOneStepAlongAJoin)
{
    EXPECT_EQ(blog().shown_route("u"), "u -> p: pk_post = p.pk_post");
}

TEST(Route, SparesTheStepWhoseJoinGivesTheKey)
{
    EXPECT_EQ(blog().shown_route("c"), "c (-> p): pk_post = c.fk_post");
}

TEST(Route, SparesOnlyTheLastOfSeveralSteps)
{
    Sketch sketch = blog();
    sketch.table("a", "tb_user", {"pk_user", {"name", text}});
    sketch.outer_join("a.pk_user", "c.fk_user");
    EXPECT_EQ(sketch.shown_route("a"), "a -> c (-> p): pk_post = c.fk_post");
}

TEST(Route, TakesManySteps)
{
    Sketch sketch = graph({"k", "a", "b", "x"});
    sketch.join("x.id", "b.other");
    sketch.join("b.id", "a.other");
    sketch.join("a.id", "k.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> b -> a -> k: pk = k.id");
}

TEST(Route, TakesTheFewestSteps)
{
    Sketch sketch = graph({"k", "a", "x"});
    sketch.join("x.id", "a.other");
    sketch.join("a.id", "k.other");
    sketch.join("x.other", "k.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
}

TEST(Route, NeverGoesAgainstAHop)
{
    Sketch sketch = graph({"k", "x"});
    sketch.outer_join("k.other", "x.id");
    EXPECT_EQ(sketch.shown_route("x"), "everything: no join condition leads from it to the key");
}

TEST(Route, BreaksATieByTheLowerNumberWhateverTheOrderOfTheJoins)
{
    for (bool a_first : {true, false}) {
        Sketch sketch = graph({"k", "a", "b", "x"});
        for (const char *middle : {a_first ? "a" : "b", a_first ? "b" : "a"}) {
            sketch.join("x.id", middle + std::string(".id"));
            sketch.join(middle + std::string(".other"), "k.other");
        }
        EXPECT_EQ(sketch.shown_route("x"), "x -> a -> k: pk = k.id");
    }
}

TEST(Route, PrefersManyEqualitiesToOneOtherCondition)
{
    Sketch sketch = graph({"k", "a", "b", "x"});
    sketch.both_ways("x", "k", sketch.condition("(x.other < k.other)"));
    sketch.join("x.id", "b.other");
    sketch.join("b.id", "a.other");
    sketch.join("a.id", "k.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> b -> a -> k: pk = k.id");
}

TEST(Route, TakesAnotherConditionIfThereIsNoEquality)
{
    Sketch sketch = graph({"k", "x"});
    sketch.both_ways("x", "k", sketch.condition("(x.other < k.id)"));
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
}

TEST(Route, PrefersOneOtherConditionToTwo)
{
    Sketch sketch = graph({"k", "a", "x"});
    sketch.both_ways("x", "a", sketch.condition("(x.other < a.other)"));
    sketch.both_ways("a", "k", sketch.condition("(a.other < k.other)"));
    sketch.both_ways("x", "k", sketch.condition("(x.id < k.other)"));
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
}

TEST(Route, CountsASharedStepAsAnEqualityIfOneOfItsConditionsIs)
{
    Sketch sketch = graph({"k", "a", "x"});
    sketch.both_ways("x", "k", sketch.condition("(x.other < k.other)"));
    sketch.join("x.id", "k.other");
    sketch.join("x.id", "a.id");
    sketch.join("a.other", "k.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
    EXPECT_EQ(sketch.route("x").walks[0].steps[0].conditions, (std::vector{0, 1}));
}

TEST(Route, TellsAlternativeTargetAndStep)
{
    model::Walk walk = blog().route("u").walks.at(0);
    EXPECT_EQ(walk.alternative, 0);
    EXPECT_EQ(walk.target, 0);
    ASSERT_EQ(walk.steps.size(), 1u);
    EXPECT_EQ(walk.steps[0].from, 1);
    EXPECT_EQ(walk.steps[0].to, 0);
    EXPECT_EQ(walk.steps[0].conditions, std::vector{0});
}

// ---- the last step, read or not

TEST(Elision, NeedsTheValueToBeOfTheKeysType)
{
    Sketch sketch = graph({"k", "x"});
    sketch.both_ways("x", "k", sketch.equality("x.other", "k.id", false));
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
}

TEST(Elision, NeedsAnEquality)
{
    Sketch sketch = graph({"k", "x"});
    sketch.both_ways("x", "k", sketch.condition("(x.other <= k.id)"));
    EXPECT_FALSE(sketch.route("x").walks[0].steps[0].elided);
}

TEST(Elision, TakesEitherSideOfTheEquality)
{
    for (bool key_left : {true, false}) {
        Sketch sketch = graph({"k", "x"});
        sketch.join(key_left ? "k.id" : "x.other", key_left ? "x.other" : "k.id");
        EXPECT_EQ(sketch.shown_route("x"), "x (-> k): pk = x.other");
    }
}

TEST(Elision, WorksForComputedKeys)
{
    Sketch sketch = graph({"k", "x"});
    sketch.analysis.alternatives = {{{sketch.target({"(k.id / 10)"})}, {}}};
    sketch.join("(x.id + x.other)", "(k.id / 10)");
    EXPECT_EQ(sketch.shown_route("x"), "x (-> k): pk = (x.id + x.other)");
}

TEST(Elision, NeedsEveryColumnOfTheKey)
{
    Sketch sketch = tenants();
    sketch.alternative({sketch.target({"p.fk_tenant", "p.pk_post"})});
    sketch.join("c.fk_post", "p.pk_post");
    EXPECT_EQ(sketch.shown_route("c"), "c -> p: fk_tenant = p.fk_tenant, pk_post = p.pk_post");
    sketch.join("c.fk_tenant", "p.fk_tenant");
    EXPECT_EQ(sketch.shown_route("c"), "c (-> p): fk_tenant = c.fk_tenant, pk_post = c.fk_post");
}

// ---- no route

TEST(NoRoute, IsEverythingForThatOccurrenceAlone)
{
    Sketch sketch = blog();
    sketch.table("s", "tb_setting", {"value"});
    EXPECT_EQ(sketch.shown_route("s"), "everything: no join condition leads from it to the key");
    EXPECT_EQ(sketch.shown_route("u"), "u -> p: pk_post = p.pk_post");
}

TEST(NoRoute, GivesTheObstaclesOfTheOccurrence)
{
    Sketch sketch = blog();
    sketch.table("s", "tb_score", {"fk_post", "points"});
    sketch.obstacle("s", "(s.fk_post = p.pk_post)", "a recursive query lies between");
    sketch.obstacle("u", "(u.name = p.title)", "of another occurrence");
    sketch.obstacle("s", "", "a join condition that cannot be traced");
    EXPECT_EQ(sketch.shown_route("s"), "everything: (s.fk_post = p.pk_post): a recursive query lies between; "
                                       "a join condition that cannot be traced");
}

TEST(NoRoute, DoesNotMentionObstaclesThatWereWalkedAround)
{
    Sketch sketch = blog();
    sketch.obstacle("u", "(u.name = p.title)", "walked around");
    EXPECT_EQ(sketch.shown_route("u"), "u -> p: pk_post = p.pk_post");
    EXPECT_EQ(sketch.route("u").reason, "");
}

TEST(NoRoute, HoldsForAllIfTheKeyHasNoOwner)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives.clear();
    sketch.analysis.no_key_route = "key column \"pk_post\": is computed from several relations";
    for (const char *path : {"p", "u", "c"})
        EXPECT_EQ(sketch.shown_route(path), "everything: key column \"pk_post\": is computed from several relations");
}

// ---- what the key is made of

TEST(Key, ThatIsConstantIsReachedFromAnywhereWithoutSteps)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"1"})}, {}}};
    sketch.table("s", "tb_setting", {"value"});
    for (const char *path : {"p", "u", "c", "s"})
        EXPECT_EQ(sketch.shown_route(path), path + std::string(": pk_post = 1"));
}

TEST(Key, MayBeReachedInPart)
{
    Sketch sketch = tenants();
    sketch.table("t", "tb_tenant", {"pk_tenant"});
    sketch.alternative({sketch.target({"t.pk_tenant"}), sketch.target({"p.pk_post"}, 1)});
    sketch.join("c.fk_post", "p.pk_post");
    EXPECT_EQ(sketch.shown_route("t"), "t: fk_tenant = t.pk_tenant");
    EXPECT_EQ(sketch.shown_route("c"), "c (-> p): pk_post = c.fk_post");
    EXPECT_EQ(sketch.route("c").walks.at(0).target, 1);
}

TEST(Key, IsReachedWholeRatherThanNear)
{
    Sketch sketch = tenants();
    sketch.table("t", "tb_tenant", {"pk_tenant", "fk_first_post"});
    sketch.both_ways("t", "p", sketch.condition("(t.fk_first_post <= p.pk_post)"));
    model::Target near = sketch.target({"t.pk_tenant"}), whole = sketch.target({"p.fk_tenant", "p.pk_post"});
    for (const std::vector<model::Target> &targets : {std::vector{near, whole}, std::vector{whole, near}}) {
        sketch.analysis.alternatives = {{targets, {}}};
        EXPECT_EQ(sketch.shown_route("t"), "t -> p: fk_tenant = p.fk_tenant, pk_post = p.pk_post");
    }
}

TEST(Key, IsReachedAtTheNearestOfEqualTargets)
{
    Sketch sketch = graph({"k", "l", "x"});
    sketch.analysis.alternatives = {{{sketch.target({"k.id"}), sketch.target({"l.id"})}, {}}};
    sketch.join("k.other", "l.other");
    sketch.join("x.other", "l.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> l: pk = l.id");
    EXPECT_EQ(sketch.shown_route("k"), "k: pk = k.id");
    sketch.join("x.other", "k.other");
    EXPECT_EQ(sketch.shown_route("x"), "x -> k: pk = k.id");
}

}  // namespace tviews::test
