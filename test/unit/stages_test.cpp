// Tests of model/stages.hpp: how routes merge into one order of work, and what a changed row must be known by.
// Not here: which way leads from a row to the key (route_test.cpp), and the SQL of a stage (walk_sql_test.cpp).
#include <gtest/gtest.h>

#include "model/stages.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

using Columns = std::vector<model::AttributeNumber>;

model::Stages stages(const Sketch &sketch)
{
    return model::merge_routes(sketch.analysis, model::find_routes(sketch.analysis));
}

// "u -> p, c, p": the stages in order; those without an arrow give the key.
std::string shown(const Sketch &sketch)
{
    model::Stages merged = stages(sketch);
    auto path = [&](int stage) {
        int occurrence = merged.all[stage].occurrence;
        return occurrence < 0 ? std::string("constant") : sketch.analysis.occurrences[occurrence].path;
    };
    std::string text;
    for (std::size_t i = 0; i < merged.all.size(); ++i) {
        text += (i ? ", " : "") + path(static_cast<int>(i));
        if (merged.all[i].next >= 0)
            text += " -> " + path(merged.all[i].next);
    }
    return text;
}

// A team of users, a company of teams, and editors of posts, who are users too.
Sketch company()
{
    Sketch sketch = blog();
    sketch.table("t", "tb_team", {"pk_team", "fk_company"});
    sketch.table("k", "tb_company", {"pk_company"});
    sketch.attribute("u.name").type = integer;
    sketch.join("t.pk_team", "u.name");
    sketch.join("k.pk_company", "t.fk_company");
    return sketch;
}

}  // namespace

TEST(Stages, GoFromTheFarEndInward)
{
    EXPECT_EQ(shown(company()), "k -> t, t -> u, u -> p, p, c");
}

TEST(Stages, AreSharedByTheRoutesThatGoThroughThem)
{
    model::Stages merged = stages(company());
    EXPECT_EQ(merged.all.size(), 5u);
    EXPECT_EQ(merged.entries[3], std::vector{1});     // t enters where k's walk comes by
}

TEST(Stages, AreApartForEachTarget)
{
    Sketch sketch = blog();
    sketch.alternative({sketch.target({"u.pk_user"})});
    EXPECT_EQ(shown(sketch), "u -> p, p, c, c -> p, p, u");
}

TEST(Stages, OfAConstantKeyAreOneWithoutRows)
{
    Sketch sketch = blog();
    sketch.analysis.alternatives = {{{sketch.target({"1"})}, {}}};
    EXPECT_EQ(shown(sketch), "constant");
    EXPECT_EQ(stages(sketch).entries, (std::vector<std::vector<int>>{{0}, {0}, {0}}));
}

TEST(Stages, CarryTheInputsOfTheirStepAndInTheEndOfTheKey)
{
    model::Stages merged = stages(company());
    EXPECT_EQ(merged.all[0].columns, Columns{1});
    EXPECT_EQ(merged.all[2].columns, Columns{1});
    EXPECT_EQ(merged.all[3].columns, Columns{1});
    EXPECT_EQ(merged.all[4].columns, Columns{2});     // c: fk_post is the key
}

TEST(Stages, LeaveOutOccurrencesWithoutARoute)
{
    Sketch sketch = blog();
    sketch.table("s", "tb_settings", {"limit"});
    EXPECT_EQ(shown(sketch), "u -> p, p, c");
    EXPECT_TRUE(stages(sketch).entries[3].empty());
}

// ---- what a changed row must be known by

TEST(SeedColumns, AreThoseOfItsOwnWalkAndThoseByWhichOthersArrive)
{
    model::Stages merged = stages(company());
    EXPECT_EQ(merged.seed_columns[0], (Columns{1, 2}));   // p: the key, and fk_user for walks from u
    EXPECT_EQ(merged.seed_columns[1], (Columns{1, 2}));   // u: pk_user, and the team for walks from t
    EXPECT_EQ(merged.seed_columns[2], Columns{2});        // c: nobody arrives there
    EXPECT_EQ(merged.passed, (std::vector<bool>{true, true, false, true, false}));
}

TEST(SeedColumns, IncludeEveryInputOfTheConditionsAndAreSorted)
{
    Sketch sketch = blog();
    sketch.both_ways("u", "p", sketch.condition("(u.name <> p.title)"));
    EXPECT_EQ(stages(sketch).seed_columns[0], (Columns{1, 2, 3}));
    EXPECT_EQ(stages(sketch).seed_columns[1], (Columns{1, 2}));
}

TEST(SeedColumns, MayBeTheWholeRow)
{
    Sketch sketch = blog();
    sketch.both_ways("u", "p", sketch.condition("public.fits(u.*, p.title)"));
    EXPECT_EQ(stages(sketch).seed_columns[1], (Columns{model::whole_row, 1}));
}

}  // namespace tviews::test
