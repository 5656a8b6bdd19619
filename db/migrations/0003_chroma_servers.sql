-- Collections may be on several Chroma servers. Old code runs on it: it knows one server only, the default one.

ALTER TABLE collections ADD COLUMN server text NOT NULL DEFAULT 'default';
COMMENT ON COLUMN collections.server IS 'the name, in FITMATCH_CHROMA_URL, of the Chroma server that it is on';
