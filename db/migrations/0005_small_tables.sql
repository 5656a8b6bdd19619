-- A deployment's first thousand products and photos are to be counted as well: before, statements about one photo read all.
-- Old code runs on it.

ALTER TABLE products SET (autovacuum_analyze_threshold = 50);
ALTER TABLE photos SET (autovacuum_analyze_threshold = 50);
ALTER TABLE embeddings SET (autovacuum_analyze_threshold = 50);
