// Tests of plan/walk_sql.hpp: the exact SQL of walks.
// Not here: which walk is taken (route_test.cpp), and whether PostgreSQL finds the right rows with it.
#include <gtest/gtest.h>

#include "golden.hpp"
#include "plan/walk_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

// The stages that changed rows of one occurrence go through, with what they are compiled to.
struct Chain {
    std::vector<model::Stage> stages;
    std::vector<plan::CompiledStage> compiled;

    const plan::CompiledStage &last() const { return compiled.back(); }
};

Chain chain(const Sketch &sketch, const std::string &path)
{
    model::Stages stages = model::merge_routes(sketch.analysis, model::find_routes(sketch.analysis));
    Chain found;
    for (int at = stages.entries.at(sketch.number(path)).at(0); at >= 0; at = stages.all[at].next) {
        found.stages.push_back(stages.all[at]);
        found.compiled.push_back(plan::compile_stage(sketch.analysis, stages, at));
    }
    return found;
}

// The statements of the chain over many rows, one a line.
std::string sql(const Sketch &sketch, const std::string &path)
{
    std::string lines;
    for (const plan::CompiledStage &stage : chain(sketch, path).compiled)
        for (const plan::RowsStatement *statement : {&stage.step, &stage.keys.sql})
            if (!statement->empty())
                lines += (lines.empty() ? "" : "\n") + statement->many;
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
    Chain found = chain(blog(), "p");
    ASSERT_EQ(found.stages.size(), 1u);
    EXPECT_EQ(found.stages[0].columns, Columns{1});
    EXPECT_EQ(found.last().keys.direct, Positions{0});
    EXPECT_TRUE(found.last().keys.sql.empty());
    EXPECT_EQ(found.last().key_columns, std::vector{0});
    EXPECT_FALSE(found.stages[0].elided);
}

TEST(DirectWalk, TakesTheKeyFromARowThatCarriesIt)
{
    Chain found = chain(blog(), "c");
    ASSERT_EQ(found.stages.size(), 1u);
    EXPECT_EQ(found.stages[0].columns, Columns{2});
    EXPECT_EQ(found.last().keys.direct, Positions{0});
    EXPECT_TRUE(found.stages[0].elided);
}

TEST(DirectWalk, PutsColumnsInTheOrderOfTheKey)
{
    Chain found = chain(slugs(), "c");
    EXPECT_EQ(found.stages[0].columns, (Columns{1, 2}));
    EXPECT_EQ(found.last().keys.direct, (Positions{1, 0}));
    EXPECT_EQ(found.last().key_columns, (std::vector{0, 1}));
}

TEST(DirectWalk, MayGiveOneColumnTwice)
{
    Sketch sketch = slugs();
    sketch.analysis.alternatives = {{{sketch.target({"p.fk_user", "p.fk_user"})}, {}}};
    Chain found = chain(sketch, "p");
    EXPECT_EQ(found.stages[0].columns, Columns{1});
    EXPECT_EQ(found.last().keys.direct, (Positions{0, 0}));
}

TEST(DirectWalk, SaysWhichPartOfTheKeyItGives)
{
    Sketch sketch = slugs();
    sketch.analysis.alternatives = {{{sketch.target({"p.slug"}, 1)}, {}}};
    EXPECT_EQ(chain(sketch, "p").last().key_columns, std::vector{1});
    EXPECT_EQ(chain(sketch, "c").last().key_columns, std::vector{1});
}

// ---- projections

TEST(Projection, ComputesTheKeyFromTheRowsThemselves)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"(p.pk_post + p.fk_user)"})}, {}}};
    Chain found = chain(sketch, "p");
    EXPECT_EQ(found.last().keys.sql.many, flat(R"(SELECT (x.c1 + x.c2)
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::integer[]) AS c2) AS x)"));
    EXPECT_EQ(found.last().keys.sql.one, "SELECT (x.c1 + x.c2) FROM (SELECT $1::integer AS c1, $2::integer AS c2) AS x");
    EXPECT_EQ(found.stages[0].columns, (Columns{1, 2}));
    EXPECT_TRUE(found.last().keys.direct.empty());
}

TEST(Projection, GivesAConstantKeyWithoutAnyRow)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"1"})}, {}}};
    Chain found = chain(sketch, "u");
    EXPECT_EQ(sql(sketch, "u"), "SELECT 1");
    EXPECT_TRUE(found.stages[0].columns.empty());
    EXPECT_EQ(found.stages[0].occurrence, -1);
    EXPECT_FALSE(found.stages[0].elided);
}

// ---- steps

TEST(Step, LooksUpTheRowsThatJoinWithThoseGiven)
{
    EXPECT_EQ(sql(blog(), "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
}

TEST(Step, PlansForOneRowByItsValues)
{
    EXPECT_EQ(chain(slugs(), "u").compiled[0].step.one, flat(R"(SELECT y."fk_user", y."slug"
        FROM (SELECT $1::integer AS c1) AS x, public.tb_post AS y WHERE (x.c1 = y."fk_user"))"));
    Sketch sketch = slugs();
    sketch.table("r", "tb_redirect", {{"slug", text_in_c}});
    sketch.join("r.slug", "p.slug");
    EXPECT_EQ(chain(sketch, "r").compiled[0].step.one, flat(R"(SELECT y."fk_user", y."slug"
        FROM (SELECT $1::pg_catalog.text COLLATE pg_catalog."C" AS c1) AS x, public.tb_post AS y
        WHERE (x.c1 = y."slug"))"));
}

TEST(Step, GivesTheNextStepItsColumns)
{
    Sketch sketch = blog();
    sketch.table("t", "tb_team", {"fk_user", {"name", text}});
    sketch.join("t.fk_user", "u.pk_user");
    Chain found = chain(sketch, "t");
    ASSERT_EQ(found.stages.size(), 3u);
    EXPECT_EQ(found.stages[0].columns, Columns{1});
    EXPECT_EQ(found.compiled[0].step.many, flat(R"(SELECT y."pk_user"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_user AS y
        WHERE (x.c1 = y."pk_user"))"));
    EXPECT_EQ(found.compiled[1].step.many, sql(sketch, "u"));
    EXPECT_EQ(found.stages[1].occurrence, sketch.number("u"));
    EXPECT_EQ(found.stages[2].occurrence, sketch.number("p"));
}

TEST(Step, GivesTheKeyIfTheNextStepIsNotRead)
{
    Sketch sketch = blog();
    sketch.table("a", "tb_user", {"pk_user", {"name", text}});
    sketch.outer_join("a.pk_user", "c.fk_user");
    EXPECT_EQ(sql(sketch, "a"), flat(R"(SELECT y."fk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_comment AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_TRUE(chain(sketch, "a").stages.back().elided);
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
    EXPECT_EQ(chain(sketch, "u").last().keys.sql.many,
              "SELECT (x.c1 / 10) FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x");
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

TEST(Step, JoinsByEachCaseOfACondition)
{
    Sketch sketch = blog();
    int condition = sketch.condition("(NOT (u.name IS DISTINCT FROM p.title))");
    sketch.analysis.conditions[condition].cases = {sketch.expression("(u.name = p.title)"),
                                                   sketch.expression("((u.name IS NULL) AND (p.title IS NULL))")};
    sketch.both_ways("u", "p", condition);
    EXPECT_EQ(sql(sketch, "u"), flat(R"(SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::pg_catalog.text[]) AS c2) AS x,
            public.tb_post AS y
        WHERE (x.c1 = y."fk_user") AND (x.c2 = y."title")
        UNION ALL SELECT y."pk_post"
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1, pg_catalog.unnest($2::pg_catalog.text[]) AS c2) AS x,
            public.tb_post AS y
        WHERE (x.c1 = y."fk_user") AND ((x.c2 IS NULL) AND (y."title" IS NULL)))"));
}

TEST(Step, KeepsTheCasesOfManyConditionsTogether)
{
    Sketch sketch = blog();
    for (int i = 0; i < 6; ++i) {
        int condition = sketch.condition("(NOT (u.name IS DISTINCT FROM p.title))");
        sketch.analysis.conditions[condition].cases = {sketch.expression("(u.name = p.title)"),
                                                       sketch.expression("((u.name IS NULL) AND (p.title IS NULL))")};
        sketch.both_ways("u", "p", condition);
    }
    std::string text = sql(sketch, "u");
    std::size_t statements = 1;
    for (std::size_t at = text.find(" UNION ALL "); at != std::string::npos; at = text.find(" UNION ALL ", at + 1))
        ++statements;
    EXPECT_EQ(statements, 16u);
    EXPECT_NE(text.find("IS DISTINCT FROM"), std::string::npos);
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
    EXPECT_EQ(chain(sketch, "u").compiled[0].reader, 4711u);
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
    EXPECT_EQ(chain(sketch, "t").compiled.at(0).step.many, flat(R"(SELECT ((y.*)::public.tb_filter)
        FROM (SELECT pg_catalog.unnest($1::integer[]) AS c1) AS x, public.tb_filter AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_EQ(chain(sketch, "t").compiled.at(1).step.many, sql(sketch, "f"));
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

// ---- what a step is locked by

TEST(Lock, TakesTheValuesOfTheEqualityOnBothSides)
{
    Sketch sketch = blog();
    sketch.analysis.conditions[0].equality->hashable = true;
    plan::CompiledStage step = chain(sketch, "u").compiled[0];
    ASSERT_EQ(step.equalities.size(), 1u);
    EXPECT_TRUE(step.equalities[0].far_is_left);
    EXPECT_EQ(step.far.direct, Positions{0});
    EXPECT_EQ(step.near.direct, Positions{1});        // of the seeds of p: pk_post, fk_user
}

TEST(Lock, IsOfTheWholeStepWithoutAnEqualityThatHashes)
{
    plan::CompiledStage step = chain(blog(), "u").compiled[0];
    EXPECT_TRUE(step.equalities.empty());
}

TEST(Lock, ComputesValuesThatAreNoColumns)
{
    Sketch sketch = blog();
    sketch.table("a", "tb_alias", {{"alias", text}});
    int condition = sketch.equality("lower(a.alias)", "lower(p.title)");
    sketch.analysis.conditions[condition].equality->hashable = true;
    sketch.both_ways("a", "p", condition);
    plan::CompiledStage step = chain(sketch, "a").compiled[0];
    EXPECT_EQ(step.far.sql.one, "SELECT lower(x.c1) FROM (SELECT $1::pg_catalog.text AS c1) AS x");
    EXPECT_EQ(step.near.sql.one,
              "SELECT lower(x.c3) FROM (SELECT $1::integer AS c1, $2::integer AS c2, $3::pg_catalog.text AS c3) AS x");
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
