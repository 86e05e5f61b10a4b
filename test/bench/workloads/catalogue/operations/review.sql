-- update the stars of one review
\set review random(1, :products * 5)
UPDATE tb_review SET stars = 1 + stars % 5 WHERE pk_review = :review;
