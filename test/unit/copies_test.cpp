// Tests of model/copies.hpp: which candidates are proven to be set in the right documents, and of carrying_step in
// plan/walk_sql.hpp, which brings them there.
// Not here: which columns are candidates (sql/patches.sql).
#include <gtest/gtest.h>

#include "golden.hpp"
#include "model/copies.hpp"
#include "plan/walk_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

// The blog with candidates: title of p, name of u; body of c in an array whose elements hold pk_comment.
Sketch copied()
{
    Sketch sketch = blog();
    int p = sketch.number("p"), u = sketch.number("u"), c = sketch.number("c");
    sketch.analysis.key_owners = {p};
    sketch.analysis.determinations = {{u, p, {0}}};
    auto copy = [](model::AttributeNumber column, const std::string &output, const std::string &key) {
        return model::Copy{{column}, output, {key}, "", 0};
    };
    sketch.analysis.copied_rows = {{p, 1, {1}, {3}, {copy(3, "data", "title")}, false, {}},
                                   {u, 2, {1}, {2}, {copy(2, "data", "author")}, false, {}},
                                   {c, 3, {1}, {4}, {copy(4, "", "body")}, true, {{c, "data", {"comments"}, {copy(1, "", "id")}}}}};
    return sketch;
}

std::vector<std::optional<model::ProvenCopies>> prove(const Sketch &sketch)
{
    return model::prove_copies(sketch.analysis, model::find_routes(sketch.analysis));
}

bool is_proven(const Sketch &sketch, const std::string &path)
{
    return prove(sketch)[sketch.number(path)].has_value();
}

}  // namespace

TEST(Copies, OfTheKeysOwnerOfWhatItDeterminesAndOfElements)
{
    EXPECT_TRUE(is_proven(copied(), "p"));
    EXPECT_TRUE(is_proven(copied(), "u"));
    EXPECT_TRUE(is_proven(copied(), "c"));
}

TEST(Copies, NotWhereTheKeyDoesNotTellOneRow)
{
    Sketch sketch = copied();
    sketch.analysis.key_owners.clear();
    EXPECT_FALSE(is_proven(sketch, "p"));
    EXPECT_FALSE(is_proven(sketch, "u"));
    EXPECT_TRUE(is_proven(sketch, "c"));      // its elements tell
}

TEST(Copies, NotWhereTheDocumentMayBeOfAnotherRow)
{
    Sketch sketch = copied();
    sketch.analysis.determinations.clear();
    EXPECT_FALSE(is_proven(sketch, "u"));
}

TEST(Copies, NotByAnotherConditionThanTheOneThatDetermines)
{
    Sketch sketch = copied();
    sketch.analysis.determinations.front().conditions = {0, 1};
    EXPECT_FALSE(is_proven(sketch, "u"));
}

TEST(Copies, NotWithoutARoute)
{
    Sketch sketch = copied();
    sketch.analysis.hops.clear();
    EXPECT_FALSE(is_proven(sketch, "u"));
}

TEST(Copies, OfARowThatTheElementsRowDetermines)
{
    Sketch sketch = copied();
    sketch.table("w", "tb_user", {"pk_user", {"name", text}});
    sketch.outer_join("w.pk_user", "c.fk_user");
    int w = sketch.number("w"), c = sketch.number("c");
    sketch.analysis.copied_rows.push_back({w, 2, {1}, {2}, {{{2}, "", {"by"}, "", 0}}, true, {{c, "data", {"comments"}, {{{1}, "", {"id"}, "", 0}}}}});
    EXPECT_FALSE(is_proven(sketch, "w"));
    sketch.analysis.determinations.push_back({w, c, {2}});
    auto proven = prove(sketch)[w];
    ASSERT_TRUE(proven);
    EXPECT_EQ(proven->array->occurrence, c);
    EXPECT_EQ(proven->steps_to_element, 1u);
}

TEST(CarryingStep, HandsOnWhatIsCarriedAndPicksUpColumns)
{
    Sketch sketch = copied();
    model::Stages stages = model::merge_routes(sketch.analysis, model::find_routes(sketch.analysis));
    int entry = stages.entries[sketch.number("u")].front();
    plan::RowsStatement sql = plan::carrying_step(sketch.analysis, stages, entry, {text, integer}, {3});
    EXPECT_EQ(sql.one, flat(R"(SELECT y."pk_post", x.c2, x.c3, y."title"
        FROM (SELECT $1::integer AS c1, $2::pg_catalog.text AS c2, $3::integer AS c3) AS x, public.tb_post AS y
        WHERE (x.c1 = y."fk_user"))"));
    EXPECT_NE(sql.many.find("pg_catalog.unnest($2::pg_catalog.text[]) AS c2"), std::string::npos);
}

}  // namespace tviews::test
