// Tests of plan/patch_sql.hpp: the exact SQL that sets copied columns in stored documents.
// Not here: which columns are copied only (sql/patches.sql).
#include <gtest/gtest.h>

#include "golden.hpp"
#include "plan/patch_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

const plan::Relations posts{"public.tv_post", "public.v_post", {"pk_post", "title", "data"}, true};

// p.title is an output column and two values in the document, p.fk_user one.
Sketch copied()
{
    Sketch sketch = blog();
    sketch.analysis.copied_row = sketch.number("p");
    sketch.analysis.copies = {{3, "title", {}}, {3, "data", {"title"}}, {2, "data", {"author", "it's \\"}}};
    return sketch;
}

}  // namespace

TEST(Patch, SetsAColumnWhereverItIsCopied)
{
    plan::RowsStatement sql = plan::patch(posts, copied().analysis, {3});
    EXPECT_EQ(sql.one, flat(R"(SELECT CASE WHEN pg_catalog.record_image_eq(ROW(v."data", v."title"), ROW(t."data", t."title"))
        THEN 's' ELSE 'u' END::pg_catalog."char" AS "?action", t.ctid AS "?tid", t."pk_post", v."title", v."data"
        FROM (SELECT $1::integer AS k1) AS k, public.tv_post AS t, public.tb_post AS p,
        LATERAL (SELECT pg_catalog.jsonb_set(t."data", ARRAY['title']::pg_catalog.text[],
        pg_catalog.jsonb_build_object('v', p."title") OPERATOR(pg_catalog.->) 'v') AS "data", p."title" AS "title" OFFSET 0) AS v
        WHERE t."pk_post" OPERATOR(pg_catalog.=) k.k1 AND p."pk_post" OPERATOR(pg_catalog.=) k.k1)"));
    EXPECT_NE(sql.many.find("FROM (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k"), std::string::npos);
}

TEST(Patch, LeavesColumnsAloneThatDidNotChange)
{
    plan::RowsStatement sql = plan::patch(posts, copied().analysis, {2});
    EXPECT_NE(sql.one.find("ROW(v.\"data\"), ROW(t.\"data\")"), std::string::npos);
    EXPECT_NE(sql.one.find("t.\"pk_post\", t.\"title\", v.\"data\""), std::string::npos);
    EXPECT_NE(sql.one.find("ARRAY['author',  E'it''s \\\\']::pg_catalog.text[]"), std::string::npos);
}

TEST(Patch, SetsSeveralColumnsOfOneDocument)
{
    plan::RowsStatement sql = plan::patch(posts, copied().analysis, {2, 3});
    EXPECT_NE(sql.one.find("pg_catalog.jsonb_set(pg_catalog.jsonb_set(t.\"data\", ARRAY['title']"), std::string::npos);
}

}  // namespace tviews::test
