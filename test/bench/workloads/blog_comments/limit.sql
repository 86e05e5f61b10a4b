-- The documents a user appears in, at hand.
CREATE TABLE appears_in AS
SELECT fk_user AS pk_user, pk_post FROM tb_post UNION SELECT fk_user, fk_post FROM tb_comment;
ALTER TABLE appears_in ADD PRIMARY KEY (pk_user, pk_post);
