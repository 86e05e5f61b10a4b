// Tests of plan/walk_sql.hpp: the exact SQL of walks.
// Not here: which walk is taken (route_test.cpp), and whether PostgreSQL finds the right rows with it.
#include <gtest/gtest.h>

#include "golden.hpp"
#include "plan/walk_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

plan::CompiledWalk compiled(const Sketch &sketch, const std::string &path)
{
    return plan::compile_walk(sketch.analysis, sketch.number(path), sketch.route(path).walks.at(0));
}

// The statements of the walk, one a line.
std::string sql(const Sketch &sketch, const std::string &path)
{
    std::string lines;
    for (const plan::Statement &statement : compiled(sketch, path).statements)
        lines += (lines.empty() ? "" : "\n") + statement.sql;
    return lines;
}

// The blog with a key of two columns, the second of them text, and comments that carry both.
Sketch slugs()
{
    Sketch sketch;
    sketch.table("p", "tb_post", {"fk_user", {"slug", text_in_c}});
    sketch.table("c", "tb_comment", {{"post_slug", text_in_c}, "fk_user"});
    sketch.table("u", "tb_user", {"pk_user", {"name", text}});
    sketch.analysis.key = {{"fk_user", integer, "OPERATOR(pg_catalog.=)"}, {"slug", text_in_c, "OPERATOR(pg_catalog.=)"}};
    sketch.alternative({sketch.target({"p.fk_user", "p.slug"})});
    sketch.join("u.pk_user", "p.fk_user");
    sketch.outer_join("c.fk_user", "p.fk_user");
    sketch.outer_join("c.post_slug", "p.slug");
    return sketch;
}

using Columns = std::vector<model::AttributeNumber>;
using Positions = std::vector<std::size_t>;

}  // namespace

// ---- without SQL

TEST(DirectWalk, TakesTheKeyFromTheOwnersRow)
{
    plan::CompiledWalk walk = compiled(blog(), "p");
    EXPECT_EQ(walk.seed_columns, Columns{1});
    EXPECT_TRUE(walk.statements.empty());
    EXPECT_EQ(walk.direct, Positions{0});
    EXPECT_EQ(walk.key_columns, std::vector{0});
    EXPECT_FALSE(walk.elided);
}

TEST(DirectWalk, TakesTheKeyFromARowThatCarriesIt)
{
    plan::CompiledWalk walk = compiled(blog(), "c");
    EXPECT_EQ(walk.seed_columns, Columns{2});
    EXPECT_TRUE(walk.statements.empty());
    EXPECT_EQ(walk.direct, Positions{0});
    EXPECT_TRUE(walk.elided);
}

TEST(DirectWalk, PutsColumnsInTheOrderOfTheKey)
{
    plan::CompiledWalk walk = compiled(slugs(), "c");
    EXPECT_EQ(walk.seed_columns, (Columns{1, 2}));
    EXPECT_EQ(walk.direct, (Positions{1, 0}));
    EXPECT_EQ(walk.key_columns, (std::vector{0, 1}));
}

TEST(DirectWalk, MayGiveOneColumnTwice)
{
    Sketch sketch = slugs();
    sketch.analysis.alternatives = {{{sketch.target({"p.fk_user", "p.fk_user"})}, {}}};
    plan::CompiledWalk walk = compiled(sketch, "p");
    EXPECT_EQ(walk.seed_columns, Columns{1});
    EXPECT_EQ(walk.direct, (Positions{0, 0}));
}

TEST(DirectWalk, SaysWhichPartOfTheKeyItGives)
{
    Sketch sketch = slugs();
    sketch.analysis.alternatives = {{{sketch.target({"p.slug"}, 1)}, {}}};
    EXPECT_EQ(compiled(sketch, "p").key_columns, std::vector{1});
    EXPECT_EQ(compiled(sketch, "c").key_columns, std::vector{1});
}

// ---- projections

TEST(Projection, ComputesTheKeyFromTheRowsThemselves)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"(p.pk_post + p.fk_user)"})}, {}}};
    plan::CompiledWalk walk = compiled(sketch, "p");
    ASSERT_EQ(walk.statements.size(), 1u);
    EXPECT_EQ(walk.statements[0].sql, flat(R"(SELECT (x.c1 + x.c2)
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::integer[]) AS c2) AS x)"));
    EXPECT_EQ(walk.statements[0].to, -1);
    EXPECT_EQ(walk.statements[0].reader, 0u);
    EXPECT_EQ(walk.seed_columns, (Columns{1, 2}));
    EXPECT_TRUE(walk.direct.empty());
}

TEST(Projection, GivesAConstantKeyWithoutAnyRow)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"1"})}, {}}};
    plan::CompiledWalk walk = compiled(sketch, "u");
    EXPECT_EQ(sql(sketch, "u"), "SELECT 1");
    EXPECT_TRUE(walk.seed_columns.empty());
    EXPECT_EQ(walk.statements[0].to, -1);
    EXPECT_FALSE(walk.elided);
}

// ---- steps

TEST(Step, LooksUpTheRowsThatJoinWithThoseGiven)
{
    EXPECT_EQ(sql(blog(), "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
}

TEST(Step, GivesTheNextStepItsColumns)
{
    Sketch sketch = blog();
    sketch.table("t", "tb_team", {"fk_user", {"name", text}});
    sketch.join("t.fk_user", "u.pk_user");
    plan::CompiledWalk walk = compiled(sketch, "t");
    EXPECT_EQ(walk.seed_columns, Columns{1});
    ASSERT_EQ(walk.statements.size(), 2u);
    EXPECT_EQ(walk.statements[0].sql, flat(R"(SELECT y."pk_user"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_user AS y
        WHERE (x.c1 = y."pk_user"))"));
    EXPECT_EQ(walk.statements[1].sql, sql(sketch, "u"));
    EXPECT_EQ(walk.statements[0].to, sketch.number("u"));
    EXPECT_EQ(walk.statements[1].to, sketch.number("p"));
}

TEST(Step, GivesTheKeyIfTheNextStepIsNotRead)
{
    Sketch sketch = blog();
    sketch.table("a", "tb_user", {"pk_user", {"name", text}});
    sketch.outer_join("a.pk_user", "c.fk_user");
    EXPECT_EQ(sql(sketch, "a"), flat(R"(SELECT y."fk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_comment AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_TRUE(compiled(sketch, "a").elided);
}

TEST(Step, GivesEveryColumnOfTheKey)
{
    EXPECT_EQ(sql(slugs(), "u"), flat(R"(SELECT y."fk_user", y."slug"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
}

TEST(Step, ComputesTheKeyFromTheRowsFound)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"(p.pk_post / 10)"})}, {}}};
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT (y."pk_post" / 10)
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
}

TEST(Step, AppliesAllConditionsBetweenTheTwo)
{
    Sketch sketch = blog();
    sketch.both_ways("u", "p", sketch.condition("(u.name <> p.title)"));
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::pg_catalog.text[]) AS c2) AS x,
            public.tb_post AS y
        WHERE (x.c1 = y."fk_user") AND (x.c2 <> y."title"))"));
}

TEST(Step, DistinguishesTwoOccurrencesOfOneTable)
{
    Sketch sketch = blog();
    sketch.table("parent", "tb_post", {"pk_post", "fk_user"});
    sketch.join("parent.pk_post", "p.fk_user");
    EXPECT_EQ(sql(sketch, "parent"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
}

TEST(Step, ReadsATableAsTheQueryDoes)
{
    Sketch sketch = blog();
    sketch.occurrence("p").inherit = false;
    sketch.occurrence("p").reader = 4711;
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, ONLY public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_EQ(compiled(sketch, "u").statements[0].reader, 4711u);
}

TEST(Step, ComparesInTheColumnsOwnCollation)
{
    Sketch sketch = slugs();
    sketch.table("r", "tb_redirect", {{"slug", text_in_c}});
    sketch.join("r.slug", "p.slug");
    EXPECT_EQ(sql(sketch, "r"), flat(R"(SELECT y."fk_user", y."slug"
        FROM (SELECT pg_catalog.unnest($1::pg_catalog.text[]) COLLATE pg_catalog."C" AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."slug"))"));
}

TEST(Step, KeepsACompositeValueInOneColumn)
{
    const model::Type address{0, "public.address", "public.address[]", ""};
    Sketch sketch = blog();
    sketch.table("h", "tb_house", {{"home", address}, "number"});
    sketch.both_ways("h", "p", sketch.condition("((h.home).city = p.title)"));
    EXPECT_EQ(sql(sketch, "h"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::public.address[]) AS c1) AS x, public.tb_post AS y
        WHERE ((x.c1).city = y."title"))"));
}

TEST(Step, CarriesAnArray)
{
    Sketch sketch = blog();
    sketch.table("s", "tb_selection", {{"posts", integers}});
    sketch.both_ways("s", "p", sketch.condition("(p.pk_post = ANY (s.posts))"));
    EXPECT_EQ(sql(sketch, "s"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::pg_catalog.text[])::integer[] AS c1) AS x, public.tb_post AS y
        WHERE (y."pk_post" = ANY (x.c1)))"));
}

TEST(Step, TakesAWholeRowOnEitherSide)
{
    Sketch sketch = blog();
    sketch.table("f", "tb_filter", {"fk_user"});
    sketch.both_ways("f", "p", sketch.condition("public.fits(f.*, p.*)"));
    EXPECT_EQ(sql(sketch, "f"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::public.tb_filter[]) AS c1) AS x, public.tb_post AS y
        WHERE public.fits(x.c1, ((y.*)::public.tb_post)))"));
}

TEST(Step, HandsAWholeRowOnAsOneColumn)
{
    Sketch sketch = blog();
    sketch.table("f", "tb_filter", {"fk_user"});
    sketch.table("t", "tb_team", {"fk_filter_user"});
    sketch.both_ways("f", "p", sketch.condition("public.fits(f.*, p.title)"));
    sketch.join("t.fk_filter_user", "f.fk_user");
    EXPECT_EQ(compiled(sketch, "t").statements.at(0).sql, flat(R"(SELECT ((y.*)::public.tb_filter)
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_filter AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_EQ(compiled(sketch, "t").statements.at(1).sql, sql(sketch, "f"));
}

TEST(Step, QuotesColumnNames)
{
    Sketch sketch = blog();
    sketch.attribute("p.pk_post").name = "Post \"$1\"";
    sketch.attribute("p.fk_user").name = "select";
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT y."Post ""$1"""
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."select"))"));
}

TEST(Step, LeavesLiteralsInConditionsAlone)
{
    Sketch sketch = blog();
    sketch.both_ways("u", "p", sketch.condition("(u.name <> (p.title || '$1'))"));
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::pg_catalog.text[]) AS c2) AS x,
            public.tb_post AS y
        WHERE (x.c1 = y."fk_user") AND (x.c2 <> (y."title" || '$1')))"));
}

// ---- substitute

TEST(Substitute, NumbersTheColumnsCarriedAndNamesThoseOfTheTableRead)
{
    Sketch sketch = blog();
    model::Expression expression = sketch.expression("(c.fk_user + c.fk_post = p.pk_post)");
    EXPECT_EQ(plan::substitute(sketch.analysis, expression, sketch.number("c"), {2, 3}), "(x.c2 + x.c1 = y.\"pk_post\")");
    EXPECT_EQ(plan::substitute(sketch.analysis, expression, sketch.number("p"), {1}),
              "(y.\"fk_user\" + y.\"fk_post\" = x.c1)");
}

}  // namespace tviews::test
