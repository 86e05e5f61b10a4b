-- The write and an UPDATE of the documents with contents that lay ready, in one statement: operations/*.limit.sql.
-- documents: not its own
\ir plain_table.sql
