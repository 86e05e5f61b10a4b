-- 100,000 children.  Variables: children, how many each parent has.
CREATE TABLE tb_parent (
    pk_parent integer PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE tb_child (
    pk_child  integer PRIMARY KEY,
    fk_parent integer NOT NULL,
    name      text NOT NULL
);

INSERT INTO tb_parent SELECT i, 'Parent ' || i FROM generate_series(1, 100000 / :children) i;
INSERT INTO tb_child SELECT i, 1 + i % (100000 / :children), 'Child ' || i FROM generate_series(1, 100000) i;

CREATE INDEX ON tb_child (fk_parent);
ALTER TABLE tb_child ADD FOREIGN KEY (fk_parent) REFERENCES tb_parent;
VACUUM ANALYZE;
