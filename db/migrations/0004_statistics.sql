-- Postgres counts what is in a table after a tenth of it has changed. A shop that has just imported its first 100,000
-- products is less than that of a large deployment, and every statement about it would be planned as if it had none.
-- Old code runs on it.

ALTER TABLE products SET (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
ALTER TABLE photos SET (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
ALTER TABLE embeddings SET (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
