// Tests of plan/rebuild_sql.hpp: the exact SQL that compares a TVIEW with its query and writes what differs.
// Not here: whether PostgreSQL tells documents apart with it.
#include <gtest/gtest.h>

#include "golden.hpp"
#include "plan/identifier.hpp"
#include "plan/rebuild_sql.hpp"
#include "sketch.hpp"

namespace tviews::test {

namespace {

const std::string equals = "OPERATOR(pg_catalog.=)";

const plan::Relations posts{"public.tv_post", "public.v_post", {"pk_post", "title"}, true};
const std::vector<model::KeyColumn> post_key{{"pk_post", integer, equals}};

const plan::Relations pages{"public.tv_page", "public.v_page", {"site", "slug", "data"}, true};
const std::vector<model::KeyColumn> page_key{{"site", integer, equals}, {"slug", text_in_c, equals}};

// One column, and nothing about it is ordinary.
const plan::Relations odd{"\"My schema\".tv_odd", "\"My schema\".v_odd", {"it's \"$1\""}, false};
const std::vector<model::KeyColumn> odd_key{{"it's \"$1\"", integer, "OPERATOR(\"My schema\".===)"}};

// What every comparison begins with.
const std::string compare_posts = flat(R"(SELECT CASE WHEN t."?found" IS NULL THEN 'i' WHEN v."?found" IS NULL THEN 'd'
    WHEN pg_catalog.record_image_eq(ROW(v."pk_post", v."title"), ROW(t."pk_post", t."title")) THEN 's' ELSE 'u'
    END::pg_catalog."char" AS "?action", t."?tid" AS "?tid", v."pk_post", v."title")");
const std::string compare_pages = flat(R"(SELECT CASE WHEN t."?found" IS NULL THEN 'i' WHEN v."?found" IS NULL THEN 'd'
    WHEN pg_catalog.record_image_eq(ROW(v."site", v."slug", v."data"), ROW(t."site", t."slug", t."data")) THEN 's' ELSE 'u'
    END::pg_catalog."char" AS "?action", t."?tid" AS "?tid", v."site", v."slug", v."data")");
const std::string compare_odd = flat(R"(SELECT CASE WHEN t."?found" IS NULL THEN 'i' WHEN v."?found" IS NULL THEN 'd'
    WHEN pg_catalog.record_image_eq(ROW(v."it's ""$1"""), ROW(t."it's ""$1""")) THEN 's' ELSE 'u'
    END::pg_catalog."char" AS "?action", t."?tid" AS "?tid", v."it's ""$1""")");

}  // namespace

// ---- by key

TEST(QueryKeys, LooksUpTheQueryPerKey)
{
    EXPECT_EQ(query_keys(posts, post_key, {0}), flat(R"(SELECT v."?found", k.k1, v."pk_post", v."title"
        FROM (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k
        LEFT JOIN LATERAL (SELECT true AS "?found", q."pk_post", q."title" FROM public.v_post AS q
            WHERE q."pk_post" OPERATOR(pg_catalog.=) k.k1 OFFSET 0) AS v ON true)"));
}

TEST(QueryKey, TakesTheValuesOfOneKey)
{
    EXPECT_NE(query_key(posts, post_key, {0}).find("FROM (SELECT $1::integer AS k1) AS k LEFT JOIN LATERAL"), std::string::npos);
    EXPECT_NE(query_key(pages, page_key, {0, 1}).find(
                  "FROM (SELECT $1::integer AS k1, $2::pg_catalog.text COLLATE pg_catalog.\"C\" AS k2) AS k LEFT JOIN LATERAL"),
              std::string::npos);
    EXPECT_NE(compare_key(pages, page_key, {1}).find("FROM (SELECT $1::pg_catalog.text COLLATE pg_catalog.\"C\" AS k1) AS k, LATERAL"),
              std::string::npos);
}

TEST(QueryKeys, TakesOneArrayPerKeyColumn)
{
    EXPECT_EQ(query_keys(pages, page_key, {0, 1}), flat(R"(SELECT v."?found", k.k1, k.k2, v."site", v."slug", v."data"
        FROM (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1,
            pg_catalog.unnest($2::pg_catalog.text[]) COLLATE pg_catalog."C" AS k2) AS k
        LEFT JOIN LATERAL (SELECT true AS "?found", q."site", q."slug", q."data" FROM public.v_page AS q
            WHERE q."site" OPERATOR(pg_catalog.=) k.k1 AND q."slug" OPERATOR(pg_catalog.=) k.k2 OFFSET 0) AS v ON true)"));
}

TEST(CompareKeys, MatchesTheDocumentsOfAPartialKeyWithEachOther)
{
    EXPECT_EQ(compare_keys(pages, page_key, {1}), flat(R"(SELECT d.*
        FROM (SELECT DISTINCT pg_catalog.unnest($1::pg_catalog.text[]) COLLATE pg_catalog."C" AS k1) AS k, LATERAL ()") +
        compare_pages + flat(R"(
        FROM (SELECT true AS "?found", q."site", q."slug", q."data" FROM public.v_page AS q
            WHERE q."slug" OPERATOR(pg_catalog.=) k.k1 OFFSET 0) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."site", q."slug", q."data" FROM public.tv_page AS q
            WHERE q."slug" OPERATOR(pg_catalog.=) k.k1 OFFSET 0) AS t
        ON v."site" OPERATOR(pg_catalog.=) t."site" AND v."slug" OPERATOR(pg_catalog.=) t."slug") AS d)"));
}

TEST(QueryKeys, KeepsTheOrderOfKeysThatAreEachThereOnce)
{
    std::vector<model::KeyColumn> key = page_key;
    key[0].identical = true;
    EXPECT_NE(query_keys(pages, key, {0}).find("FROM (SELECT pg_catalog.unnest($1::integer[]) AS k1) AS k LEFT JOIN"),
              std::string::npos);
    EXPECT_NE(compare_bulk(pages, key, {0}).find("JOIN (SELECT pg_catalog.unnest($1::integer[]) AS k1) AS k ON"),
              std::string::npos);
    EXPECT_NE(query_keys(pages, key, {0, 1}).find("FROM (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1, "),
              std::string::npos);
}

TEST(QueryKeys, FollowsTheOrderInWhichTheColumnsAreGiven)
{
    EXPECT_NE(query_keys(pages, page_key, {1, 0}).find(flat(R"(
        (SELECT DISTINCT pg_catalog.unnest($1::pg_catalog.text[]) COLLATE pg_catalog."C" AS k1,
        pg_catalog.unnest($2::integer[]) AS k2) AS k)")), std::string::npos);
    EXPECT_NE(query_keys(pages, page_key, {1, 0}).find(flat(R"(
        WHERE q."slug" OPERATOR(pg_catalog.=) k.k1 AND q."site" OPERATOR(pg_catalog.=) k.k2)")), std::string::npos);
}

TEST(QueryKeys, QuotesOddNames)
{
    EXPECT_EQ(query_keys(odd, odd_key, {0}), flat(R"(SELECT v."?found", k.k1, v."it's ""$1"""
        FROM (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k
        LEFT JOIN LATERAL (SELECT true AS "?found", q."it's ""$1""" FROM "My schema".v_odd AS q
            WHERE q."it's ""$1""" OPERATOR("My schema".===) k.k1 OFFSET 0) AS v ON true)"));
}

// ---- in one pass

TEST(CompareBulk, PassesOverBothSidesOnce)
{
    EXPECT_EQ(compare_bulk(posts, post_key, {0}), compare_posts + flat(R"(
        FROM (SELECT true AS "?found", q."pk_post", q."title" FROM public.v_post AS q
            JOIN (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k ON q."pk_post" OPERATOR(pg_catalog.=) k.k1) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."pk_post", q."title" FROM public.tv_post AS q
            JOIN (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k ON q."pk_post" OPERATOR(pg_catalog.=) k.k1) AS t
        ON v."pk_post" OPERATOR(pg_catalog.=) t."pk_post")"));
}

TEST(CompareBulk, MatchesByTheWholeKeyWhateverPartIsGiven)
{
    EXPECT_EQ(compare_bulk(pages, page_key, {0}), compare_pages + flat(R"(
        FROM (SELECT true AS "?found", q."site", q."slug", q."data" FROM public.v_page AS q
            JOIN (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k ON q."site" OPERATOR(pg_catalog.=) k.k1) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."site", q."slug", q."data" FROM public.tv_page AS q
            JOIN (SELECT DISTINCT pg_catalog.unnest($1::integer[]) AS k1) AS k ON q."site" OPERATOR(pg_catalog.=) k.k1) AS t
        ON v."site" OPERATOR(pg_catalog.=) t."site" AND v."slug" OPERATOR(pg_catalog.=) t."slug")"));
}

TEST(CompareAll, PassesOverEverything)
{
    EXPECT_EQ(compare_all(posts, post_key), compare_posts + flat(R"(
        FROM (SELECT true AS "?found", q."pk_post", q."title" FROM public.v_post AS q) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."pk_post", q."title" FROM public.tv_post AS q) AS t
        ON v."pk_post" OPERATOR(pg_catalog.=) t."pk_post")"));
}

TEST(Keys, OfTheQueryAlone)
{
    EXPECT_EQ(all_keys(pages, page_key), R"(SELECT q."site", q."slug" FROM public.v_page AS q)");
    EXPECT_EQ(all_keys(odd, odd_key), R"(SELECT q."it's ""$1""" FROM "My schema".v_odd AS q)");
}

TEST(Keys, OfWhatDiffersWhateverSideHasIt)
{
    EXPECT_EQ(differing_keys(posts, post_key), flat(R"(SELECT CASE WHEN v."?found" THEN v."pk_post" ELSE t."pk_post" END AS "pk_post"
        FROM (SELECT true AS "?found", q."pk_post", q."title" FROM public.v_post AS q) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."pk_post", q."title" FROM public.tv_post AS q) AS t
        ON v."pk_post" OPERATOR(pg_catalog.=) t."pk_post"
        WHERE v."?found" IS NULL OR t."?found" IS NULL
        OR NOT pg_catalog.record_image_eq(ROW(v."pk_post", v."title"), ROW(t."pk_post", t."title")))"));
}

// ---- verify

TEST(Verify, NamesTheKeyWhereTheSidesDiffer)
{
    EXPECT_EQ(verify(pages, page_key, {}, false), flat(R"(
        SELECT d."?action", d."?tid", CASE WHEN d."?action" <> 's' THEN d."?key" END FROM ()").substr(1) + compare_pages +
        flat(R"(, pg_catalog.jsonb_build_object('site', COALESCE(v."site", t."site"),
            'slug', COALESCE(v."slug", t."slug")) AS "?key"
        FROM (SELECT true AS "?found", q."site", q."slug", q."data" FROM public.v_page AS q) AS v
        FULL JOIN (SELECT true AS "?found", q.ctid AS "?tid", q."site", q."slug", q."data" FROM public.tv_page AS q) AS t
        ON v."site" OPERATOR(pg_catalog.=) t."site" AND v."slug" OPERATOR(pg_catalog.=) t."slug") AS d)"));
}

TEST(Verify, PicksTheSameSampleOnBothSides)
{
    std::string of_view = flat(R"(FROM public.v_page AS q
        WHERE (pg_catalog.hash_record_extended(ROW(q."site", q."slug"), $2) & 1073741823) < $1 * 1073741824) AS v)");
    std::string of_table = flat(R"(FROM public.tv_page AS q
        WHERE (pg_catalog.hash_record_extended(ROW(q."site", q."slug"), $2) & 1073741823) < $1 * 1073741824) AS t)");
    std::string sample = verify(pages, page_key, {}, true);
    EXPECT_NE(sample.find(of_view), std::string::npos) << sample;
    EXPECT_NE(sample.find(of_table), std::string::npos) << sample;
}

TEST(Verify, QuotesOddNamesAsIdentifiersAndAsLiterals)
{
    std::string all = verify(odd, odd_key, {}, false);
    std::string key = R"(pg_catalog.jsonb_build_object('it''s "$1"', COALESCE(v."it's ""$1""", t."it's ""$1""")) AS "?key")";
    EXPECT_NE(all.find(key), std::string::npos) << all;
}

TEST(Verify, ComparesOpenColumnsApartFromTheOthers)
{
    std::string all = verify(pages, page_key, {{1}, {2}, {}}, false);
    EXPECT_NE(all.find(R"(CASE WHEN d."?action" = 'u' THEN pg_catalog.record_image_eq(ROW((d."?query")."site"), ROW((d."?stored")."site")) )"
                       R"(AND pg_catalog.record_eq(ROW((d."?query")."slug"), ROW((d."?stored")."slug")) END)"), std::string::npos) << all;
    EXPECT_NE(all.find(R"(CASE WHEN d."?action" = 'u' THEN true END)"), std::string::npos) << all;
    EXPECT_NE(all.find(R"(ARRAY[pg_catalog.to_jsonb((d."?stored")."data")]::pg_catalog.jsonb[])"), std::string::npos) << all;
    EXPECT_NE(all.find(R"((v.*)::pg_catalog.record AS "?query", (t.*)::pg_catalog.record AS "?stored" FROM)"), std::string::npos) << all;
    EXPECT_NE(all.find("OFFSET 0) AS d"), std::string::npos) << all;
}

TEST(Compare, FindsTheRowsOfOneKey)
{
    EXPECT_EQ(query_rows_of(pages, page_key), "SELECT FROM public.v_page AS v WHERE v.\"site\" OPERATOR(pg_catalog.=) $1 "
                                              "AND v.\"slug\" OPERATOR(pg_catalog.=) $2");
}

// ---- writing

TEST(Write, SetsTheStampIfItIsOurs)
{
    EXPECT_EQ(insert_row(posts),
              R"(INSERT INTO public.tv_post ("pk_post", "title", updated_at) VALUES ($1, $2, pg_catalog.now()))"
              R"( RETURNING pg_catalog.record_image_eq(ROW("pk_post", "title"), ROW($1, $2)))");
    EXPECT_EQ(update_row(posts),
              R"(UPDATE public.tv_post SET ("pk_post", "title", updated_at) = ROW($1, $2, pg_catalog.now()) WHERE ctid = $3)"
              R"( RETURNING pg_catalog.record_image_eq(ROW("pk_post", "title"), ROW($1, $2)))");
}

TEST(Write, LeavesTheStampAloneOtherwise)
{
    EXPECT_EQ(insert_row(odd), R"(INSERT INTO "My schema".tv_odd ("it's ""$1""") VALUES ($1))"
                               R"( RETURNING pg_catalog.record_image_eq(ROW("it's ""$1"""), ROW($1)))");
    EXPECT_EQ(update_row(odd), R"(UPDATE "My schema".tv_odd SET ("it's ""$1""") = ROW($1) WHERE ctid = $2)"
                               R"( RETURNING pg_catalog.record_image_eq(ROW("it's ""$1"""), ROW($1)))");
}

TEST(Write, DeletesByPlace)
{
    EXPECT_EQ(delete_row(posts), "DELETE FROM public.tv_post WHERE ctid = $1");
}

TEST(QuoteName, AlwaysQuotesAndDoublesQuotes)
{
    EXPECT_EQ(plan::quote_name("title"), R"("title")");
    EXPECT_EQ(plan::quote_name(R"(a "b" c)"), R"("a ""b"" c")");
    EXPECT_EQ(plan::quote_name("\""), R"("""")");
    EXPECT_EQ(plan::quote_name(""), R"("")");
}

}  // namespace tviews::test
