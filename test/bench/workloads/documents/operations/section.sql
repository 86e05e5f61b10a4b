-- update the heading of one section
\set section random(1, 10 * :kilobytes)
\set n random(1, 1000000)
UPDATE tb_section SET heading = 'Section ' || :n WHERE pk_section = :section;
