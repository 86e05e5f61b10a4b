// Tests of model/recursion.hpp: ways through WITH RECURSIVE, and the SQL of closures.
#include <gtest/gtest.h>

#include "model/recursion.hpp"
#include "plan/closure_sql.hpp"
#include "plan/walk_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

constexpr int base = 1, step = 2;       // branches
constexpr int tree = 7;                 // the recursion

// WITH RECURSIVE t AS (SELECT pk, … FROM tb_category r WHERE … UNION ALL SELECT c.pk, … FROM t JOIN tb_category c ON c.fk = t.pk)
// c0 is c in the turn before.
Sketch categories(const model::Type &key = integer)
{
    Sketch sketch;
    for (const char *path : {"r", "c", "c0"})
        sketch.table(path, "tb_category", {{"pk", key}, {"fk", key}, {"name", text}});
    sketch.occurrence("c").recursion = tree;
    sketch.occurrence("c").branches = {step};
    sketch.occurrence("c0").earlier = sketch.number("c");
    sketch.analysis.set_operations = {{{base, step}, {}}};
    int first = sketch.equality("c.fk", "r.pk"), turn = sketch.equality("c.fk", "c0.pk");
    sketch.analysis.hops.push_back({sketch.number("r"), sketch.number("c"), first, {step}});
    sketch.analysis.hops.push_back({sketch.number("c"), sketch.number("r"), first, {}, model::Turn::first});
    sketch.analysis.turns.push_back({sketch.number("c0"), sketch.number("c"), turn});
    sketch.analysis.turns.push_back({sketch.number("c"), sketch.number("c0"), turn});
    sketch.analysis.key = {{"pk", key, "OPERATOR(pg_catalog.=)"}};
    return sketch;
}

// SELECT pk FROM t: the key comes out of the last turn.
Sketch keyed_by_last(const model::Type &key = integer)
{
    Sketch sketch = categories(key);
    sketch.alternative({sketch.target({"r.pk"})}, {base});
    sketch.alternative({sketch.target({"c.pk"})}, {step});
    sketch.analysis.alternatives[1].targets[0].turn = model::Turn::last;
    return sketch;
}

// SELECT root FROM t, with r.pk AS root handed on: the key comes from the base.
Sketch keyed_by_first()
{
    Sketch sketch = categories();
    sketch.alternative({sketch.target({"r.pk"})});
    return sketch;
}

// Of the closure that changed rows of the occurrence begin with.
std::string sql(const Sketch &sketch, const std::string &path)
{
    model::Stages stages = model::merge_routes(sketch.analysis, model::find_routes(sketch.analysis));
    return plan::compile_stage(sketch.analysis, stages, stages.entries.at(sketch.number(path)).at(0)).step.many;
}

}  // namespace

TEST(Recursion, GoesOnToTheLaterTurnsWhereTheLastHasTheKey)
{
    Sketch sketch = keyed_by_last();
    EXPECT_EQ(sketch.shown_route("c"), "c ->> c: pk = c.pk");
    EXPECT_EQ(sketch.shown_route("r"), "r: pk = r.pk; r -> c ->> c: pk = c.pk");
}

TEST(Recursion, GoesBackToTheEarlierTurnsWhereTheBaseHasTheKey)
{
    Sketch sketch = keyed_by_first();
    EXPECT_EQ(sketch.shown_route("c"), "c <<- c (-> r): pk = c.fk");
    EXPECT_EQ(sketch.shown_route("r"), "r: pk = r.pk");
}

TEST(Recursion, IsLeftFromBaseAndStepEachOnItsWay)
{
    Sketch sketch = categories();                 // … JOIN tb_item i ON i.fk = t.pk, key i.pk
    sketch.table("i", "tb_item", {"pk", "fk"});
    int out_of_base = sketch.equality("i.fk", "r.pk"), out_of_step = sketch.equality("i.fk", "c.pk");
    sketch.analysis.hops.push_back({sketch.number("r"), sketch.number("i"), out_of_base, {base}});
    sketch.analysis.hops.push_back({sketch.number("c"), sketch.number("i"), out_of_step, {}, model::Turn::last});
    sketch.alternative({sketch.target({"i.pk"})});
    EXPECT_EQ(sketch.shown_route("r"), "r -> i: pk = i.pk; r -> c ->> c -> i: pk = i.pk");
    EXPECT_EQ(sketch.shown_route("c"), "c ->> c -> i: pk = i.pk");
}

TEST(Recursion, NeedsAWayOutForEveryCase)
{
    Sketch sketch = categories();
    sketch.table("i", "tb_item", {"pk", "fk"});
    sketch.analysis.hops.push_back({sketch.number("r"), sketch.number("i"), sketch.equality("i.fk", "r.pk"), {base}});
    sketch.alternative({sketch.target({"i.pk"})});
    EXPECT_TRUE(sketch.route("r").everything);
    EXPECT_TRUE(sketch.route("c").everything);
}

TEST(Recursion, IsWalkedInOneDirectionOnly)
{
    // The step joins a link with a node; the link could only go back, the node only on.
    Sketch sketch = keyed_by_first();
    sketch.table("l", "tb_link", {"src", "dst"}, {step});
    sketch.occurrence("l").recursion = tree;
    int way = sketch.equality("l.src", "c0.pk");
    sketch.analysis.turns.push_back({sketch.number("c0"), sketch.number("l"), way});
    sketch.join("l.dst", "c.pk");
    sketch.alternative({sketch.target({"c.pk"})}, {step});
    sketch.analysis.alternatives[1].targets[0].turn = model::Turn::last;
    for (const char *path : {"l", "c"}) {
        model::Route route = sketch.route(path);
        for (const model::Walk &walk : route.walks)
            for (const model::Step &taken : walk.steps)
                EXPECT_NE(taken.arrives, model::Turn::first) << path;
    }
    EXPECT_TRUE(sketch.route("c").everything);
}

TEST(Recursion, LoopsThroughAllTablesOfTheStep)
{
    Sketch sketch = categories();
    sketch.analysis.turns.clear();
    sketch.table("l", "tb_link", {"src", "dst"}, {step});
    sketch.occurrence("l").recursion = tree;
    sketch.analysis.turns.push_back({sketch.number("c0"), sketch.number("l"), sketch.equality("l.src", "c0.pk")});
    sketch.join("l.dst", "c.pk");
    auto loop = model::find_loop(sketch.analysis, sketch.number("c"), model::Turn::last);
    ASSERT_TRUE(loop);
    ASSERT_EQ(loop->size(), 2u);
    EXPECT_EQ((*loop)[0].from, sketch.number("c0"));
    EXPECT_EQ((*loop)[0].to, sketch.number("l"));
    EXPECT_EQ((*loop)[1].to, sketch.number("c"));
    EXPECT_FALSE(model::find_loop(sketch.analysis, sketch.number("c"), model::Turn::first));
    loop = model::find_loop(sketch.analysis, sketch.number("l"), model::Turn::last);
    ASSERT_TRUE(loop);
    EXPECT_EQ((*loop)[0].to, sketch.number("c"));
    EXPECT_EQ((*loop)[1].to, sketch.number("l"));
}

TEST(Recursion, DoesNotLoopAcrossReaders)
{
    Sketch sketch = keyed_by_last();
    sketch.table("l", "tb_link", {"src", "dst"}, {step}).recursion = tree;
    sketch.occurrence("l").reader = 5;
    EXPECT_FALSE(model::find_loop(sketch.analysis, sketch.number("l"), model::Turn::last));
}

TEST(ClosureSql, RepeatsTheLoopUntilNothingIsNew)
{
    EXPECT_EQ(sql(keyed_by_last(), "c"),
              "WITH RECURSIVE w AS (SELECT x.c1 AS c1 FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x "
              "UNION SELECT y1.\"pk\" FROM (SELECT c1 FROM w) AS x, public.tb_category AS y1 WHERE (y1.\"fk\" = x.c1)) "
              "SELECT x.c1 FROM (SELECT c1 FROM w) AS x");
    EXPECT_EQ(sql(keyed_by_first(), "c"),
              "WITH RECURSIVE w AS (SELECT x.c1 AS c1 FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x "
              "UNION SELECT y1.\"fk\" FROM (SELECT c1 FROM w) AS x, public.tb_category AS y1 WHERE (x.c1 = y1.\"pk\")) "
              "SELECT x.c1 FROM (SELECT c1 FROM w) AS x");
}

TEST(ClosureSql, KeepsAsTextWhatIsEqualWithoutBeingIdentical)
{
    model::Type number{1700, "numeric", "numeric[]", "", false};
    EXPECT_EQ(sql(keyed_by_last(number), "c"),
              "WITH RECURSIVE w AS (SELECT (x.c1)::pg_catalog.text AS c1 "
              "FROM (SELECT pg_catalog.unnest($1::numeric[]) AS c1) AS x "
              "UNION SELECT (y1.\"pk\")::pg_catalog.text FROM (SELECT c1::numeric AS c1 FROM w) AS x, "
              "public.tb_category AS y1 WHERE (y1.\"fk\" = x.c1)) SELECT x.c1 FROM (SELECT c1::numeric AS c1 FROM w) AS x");
}

TEST(ClosureStage, ArrivesAtAllTablesOfTheLoopAndIsLockedAsAWhole)
{
    Sketch sketch = keyed_by_last();
    sketch.analysis.turns.clear();
    sketch.table("l", "tb_link", {"src", "dst"}, {step}).recursion = tree;
    sketch.analysis.turns.push_back({sketch.number("c0"), sketch.number("l"), sketch.equality("l.src", "c0.pk")});
    sketch.join("l.dst", "c.pk");
    model::Stages stages = model::merge_routes(sketch.analysis, model::find_routes(sketch.analysis));
    int closure = stages.entries.at(sketch.number("c")).at(0);
    EXPECT_EQ(stages.all[closure].arrives_at, (std::vector{sketch.number("l"), sketch.number("c")}));
    EXPECT_TRUE(stages.passed[sketch.number("l")]);
    EXPECT_EQ(stages.seed_columns[sketch.number("l")], (std::vector<model::AttributeNumber>{1, 2}));
    EXPECT_TRUE(plan::compile_stage(sketch.analysis, stages, closure).equalities.empty());
}

TEST(ClosureSql, JoinsTheTablesOfALongLoop)
{
    Sketch sketch = keyed_by_last();
    sketch.analysis.turns.clear();
    sketch.table("l", "tb_link", {"src", "dst"}, {step}).recursion = tree;
    sketch.analysis.turns.push_back({sketch.number("c0"), sketch.number("l"), sketch.equality("l.src", "c0.pk")});
    sketch.join("l.dst", "c.pk");
    EXPECT_EQ(sql(sketch, "c"),
              "WITH RECURSIVE w AS (SELECT x.c1 AS c1 FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x "
              "UNION SELECT y2.\"pk\" FROM (SELECT c1 FROM w) AS x, public.tb_link AS y1, public.tb_category AS y2 "
              "WHERE (y1.\"src\" = x.c1) AND (y1.\"dst\" = y2.\"pk\")) SELECT x.c1 FROM (SELECT c1 FROM w) AS x");
}

}  // namespace tviews::test
