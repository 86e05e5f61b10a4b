SELECT p.pk_product AS pk_rating, p.id,
       jsonb_build_object('id', p.id, 'reviews', r.reviews, 'stars', r.stars) AS data
FROM tb_product p
JOIN (SELECT fk_product, count(*) AS reviews, round(avg(stars), 2) AS stars
      FROM tb_review GROUP BY fk_product) r ON r.fk_product = p.pk_product
