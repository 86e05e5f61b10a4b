-- The documents, at hand.  (|| makes a copy that is not the stored, compressed one: a new document has to be compressed, too.)
CREATE TABLE ready AS SELECT pk_document, data FROM tv_document;
ALTER TABLE ready ADD PRIMARY KEY (pk_document);
