-- The console's sessions, and shops that the operator has suspended. Old code runs on it: it reads neither.

CREATE TABLE sessions (
    hash          bytea PRIMARY KEY,
    key_id        uuid REFERENCES keys ON DELETE CASCADE,
    operator_hash bytea,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    CHECK ((key_id IS NULL) <> (operator_hash IS NULL))
);
COMMENT ON TABLE sessions IS 'sign-ins to the console; each acts as the secret key, or as the operator, that signed in';
COMMENT ON COLUMN sessions.hash IS 'SHA-256 of the cookie; the cookie itself is never stored';
COMMENT ON COLUMN sessions.key_id IS 'null: the operator''s';
COMMENT ON COLUMN sessions.operator_hash IS 'SHA-256 of the operator''s token: another token ends its sessions';
CREATE INDEX sessions_of_key ON sessions (key_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

ALTER TABLE shops ADD COLUMN suspended_at timestamptz;
COMMENT ON COLUMN shops.suspended_at IS 'its keys are refused; nothing of it is deleted, its photos are still embedded';
