// Tests of model/query.hpp: types and expressions, their text for PostgreSQL and for people.
#include <gtest/gtest.h>

#include "sketch.hpp"

namespace tviews::test {

namespace {

// The text with [occurrence.attribute] for each input.
std::string rendered(const std::string &sql, const std::vector<model::ColumnRef> &inputs)
{
    return model::Expression{sql, inputs, {}}.render([](const model::ColumnRef &input) {
        return "[" + std::to_string(input.occurrence) + "." + std::to_string(input.attribute) + "]";
    });
}

}  // namespace

TEST(Render, PutsEachInputInItsPlace)
{
    EXPECT_EQ(rendered("($2 = $1)", {{0, 1}, {3, 2}}), "([3.2] = [0.1])");
}

TEST(Render, RepeatsAnInput)
{
    EXPECT_EQ(rendered("($1 < $1 + $2)", {{0, 1}, {1, 1}}), "([0.1] < [0.1] + [1.1])");
}

TEST(Render, ReadsNumbersOfSeveralDigits)
{
    std::vector<model::ColumnRef> inputs;
    for (int i = 0; i < 12; ++i)
        inputs.push_back({i, 1});
    EXPECT_EQ(rendered("f($1, $12)", inputs), "f([0.1], [11.1])");
    EXPECT_EQ(rendered("$11", inputs), "[10.1]");
}

TEST(Render, KeepsTextWithoutInputs)
{
    EXPECT_EQ(rendered("", {}), "");
    EXPECT_EQ(rendered("'x'::pg_catalog.text", {}), "'x'::pg_catalog.text");
}

TEST(Render, LeavesLiteralsAlone)
{
    EXPECT_EQ(rendered("($1 = 'costs $1')", {{0, 1}}), "([0.1] = 'costs $1')");
    EXPECT_EQ(rendered("('' || $1 || '$1')", {{0, 1}}), "('' || [0.1] || '$1')");
}

TEST(Render, LeavesIdentifiersAlone)
{
    EXPECT_EQ(rendered("public.\"f$1\"($1)", {{0, 1}}), "public.\"f$1\"([0.1])");
}

TEST(Render, UnderstandsDoubledQuotes)
{
    EXPECT_EQ(rendered("($1 = 'it''s $1')", {{0, 1}}), "([0.1] = 'it''s $1')");
    EXPECT_EQ(rendered("\"a\"\"$1\"($1)", {{0, 1}}), "\"a\"\"$1\"([0.1])");
}

TEST(Render, UnderstandsOneQuoteInsideTheOther)
{
    EXPECT_EQ(rendered("('\"' || $1 || '\"')", {{0, 1}}), "('\"' || [0.1] || '\"')");
    EXPECT_EQ(rendered("\"it's\"($1, \"it's\")", {{0, 1}}), "\"it's\"([0.1], \"it's\")");
}

TEST(Expression, IsAColumnOnlyIfItIsNothingElse)
{
    Sketch sketch = blog();
    EXPECT_TRUE(sketch.expression("p.pk_post").is_column());
    EXPECT_TRUE(sketch.expression("p.*").is_column());
    EXPECT_FALSE(sketch.expression("(p.pk_post + 1)").is_column());
    EXPECT_FALSE(sketch.expression("(p.pk_post = c.fk_post)").is_column());
    EXPECT_FALSE(sketch.expression("1").is_column());
}

TEST(Expression, KnowsItsOccurrences)
{
    Sketch sketch = blog();
    EXPECT_EQ(sketch.expression("(p.pk_post + p.fk_user = c.fk_post)").occurrences(), (std::set<int>{0, 2}));
    EXPECT_TRUE(sketch.expression("1").occurrences().empty());
}

TEST(Type, IsUnnestedFromItsArrayInItsCollation)
{
    EXPECT_EQ(integer.unnested(1), "pg_catalog.unnest($1::integer[])");
    EXPECT_EQ(text_in_c.unnested(12), "pg_catalog.unnest($12::pg_catalog.text[]) COLLATE pg_catalog.\"C\"");
}

TEST(Type, IsUnnestedFromTextIfThereIsNoArrayOverIt)
{
    EXPECT_EQ(integers.unnested(2), "pg_catalog.unnest($2::pg_catalog.text[])::integer[]");
}

TEST(Occurrence, FindsItsAttributes)
{
    Sketch sketch = blog();
    EXPECT_EQ(sketch.occurrence("p").attribute(2)->name, "fk_user");
    EXPECT_EQ(sketch.occurrence("p").attribute(model::whole_row)->type.name, "public.tb_post");
    EXPECT_EQ(sketch.occurrence("p").attribute(9), nullptr);
}

TEST(Describe, NamesColumnsByTheirPath)
{
    Sketch sketch = blog();
    sketch.table("posts.likes", "tb_like", {"fk_post"});
    EXPECT_EQ(describe(sketch.analysis, sketch.expression("(posts.likes.fk_post = p.pk_post)")),
              "(posts.likes.fk_post = p.pk_post)");
}

TEST(Describe, NamesAWholeRowByItsPathAlone)
{
    Sketch sketch = blog();
    EXPECT_EQ(describe(sketch.analysis, sketch.expression("public.hidden(p.*, u.name)")), "public.hidden(p, u.name)");
}

TEST(Describe, NamesAColumnItDoesNotKnowByItsPathAlone)
{
    Sketch sketch = blog();
    EXPECT_EQ(describe(sketch.analysis, {"($1 IS NULL)", {{1, 9}}, {}}), "(u IS NULL)");
}

}  // namespace tviews::test
