-- Everything FitMatch must not forget. Photos are immutable: replacing a photo is a new row (docs/architecture.md).

CREATE TABLE deployment (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    signing_key bytea NOT NULL
);
COMMENT ON COLUMN deployment.signing_key IS 'HMAC key of signed photo addresses, shared by all replicas';
INSERT INTO deployment (signing_key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE TABLE shops (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    turn       bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
COMMENT ON COLUMN shops.turn IS 'last turn given to a job of this shop (start-time fair queueing)';
COMMENT ON COLUMN shops.deleted_at IS 'hidden at once; rows, files and collections go afterwards';

CREATE TABLE collections (
    shop_id    uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    checkpoint text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shop_id, checkpoint)
);
COMMENT ON COLUMN collections.version IS 'the collection that answers; a rebuild fills version + 1 and then swings this pointer';

CREATE TABLE keys (
    id              uuid PRIMARY KEY,
    shop_id         uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    name            text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('secret', 'publishable')),
    hash            bytea NOT NULL UNIQUE,
    last4           text NOT NULL,
    allowed_origins text[] NOT NULL DEFAULT '{}',
    rate_limit      integer,
    expires_at      timestamptz,
    revoked_at      timestamptz,
    last_used_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN keys.hash IS 'SHA-256 of the key; the key itself is shown once and never stored';
COMMENT ON COLUMN keys.rate_limit IS 'requests a minute; null takes the default of its kind';
CREATE INDEX keys_of_shop ON keys (shop_id, id);
CREATE INDEX keys_by_origin ON keys USING gin (allowed_origins) WHERE revoked_at IS NULL;

CREATE TABLE terms (
    id          uuid PRIMARY KEY,
    shop_id     uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('category', 'style', 'age_group')),
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (shop_id, id)
);
COMMENT ON TABLE terms IS 'a shop''s taxonomy: its categories, styles and age groups';
CREATE UNIQUE INDEX terms_by_name ON terms (shop_id, kind, lower(name));

CREATE TABLE products (
    id           uuid PRIMARY KEY,
    shop_id      uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    number       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    external_id  text,
    group_id     text,
    name         text NOT NULL,
    description  text NOT NULL DEFAULT '',
    category_id  uuid,
    style_id     uuid,
    age_group_id uuid,
    gender       text,
    brand        text,
    colours      text[] NOT NULL DEFAULT '{}',
    sizes        text[] NOT NULL DEFAULT '{}',
    materials    text[] NOT NULL DEFAULT '{}',
    price        numeric(14, 2),
    sale_price   numeric(14, 2),
    currency     text,
    availability text NOT NULL DEFAULT 'in_stock' CHECK (availability IN ('in_stock', 'out_of_stock', 'preorder')),
    url          text,
    tags         text[] NOT NULL DEFAULT '{}',
    attributes   jsonb NOT NULL DEFAULT '{}',
    revision     integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    -- With the shop, so that no product can carry another shop's term.
    FOREIGN KEY (shop_id, category_id) REFERENCES terms (shop_id, id),
    FOREIGN KEY (shop_id, style_id) REFERENCES terms (shop_id, id),
    FOREIGN KEY (shop_id, age_group_id) REFERENCES terms (shop_id, id)
);
COMMENT ON COLUMN products.number IS 'the integer ImageID of the seed''s routes';
COMMENT ON COLUMN products.revision IS 'counts changes of the product or its photos; the ETag';
COMMENT ON COLUMN products.deleted_at IS 'hidden at once; the row goes when its last photo has left Chroma';
CREATE UNIQUE INDEX products_by_external_id ON products (shop_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX products_of_shop ON products (shop_id, id) WHERE deleted_at IS NULL;
CREATE INDEX products_by_category ON products (category_id);
CREATE INDEX products_by_style ON products (style_id);
CREATE INDEX products_by_age_group ON products (age_group_id);

CREATE TABLE photos (
    id           uuid PRIMARY KEY,
    shop_id      uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    product_id   uuid NOT NULL REFERENCES products ON DELETE CASCADE,
    position     integer NOT NULL DEFAULT 0,
    content_hash text NOT NULL,
    bytes        integer NOT NULL,
    width        integer NOT NULL,
    height       integer NOT NULL,
    status       text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'embedding', 'ready', 'failed')),
    error_code   text,
    error_detail text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    ready_at     timestamptz,
    deleted_at   timestamptz
);
COMMENT ON COLUMN photos.content_hash IS 'SHA-256 (hex) of the uploaded bytes; names the file inside the shop''s folder';
COMMENT ON COLUMN photos.width IS 'pixels, after EXIF orientation';
CREATE INDEX photos_of_product ON photos (product_id, position);
CREATE INDEX photos_of_shop ON photos (shop_id, status) WHERE deleted_at IS NULL;
CREATE INDEX photos_by_content ON photos (shop_id, content_hash);

CREATE SEQUENCE turn_clock;
COMMENT ON SEQUENCE turn_clock IS 'the turn now served; a sequence, so that advancing it locks nobody';

CREATE TABLE jobs (
    photo_id   uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
    shop_id    uuid NOT NULL,
    turn       bigint NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    due        timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE jobs IS 'a row exactly while a photo''s place in Chroma is in doubt: to add, or (photos.deleted_at) to remove';
COMMENT ON COLUMN jobs.attempts IS 'counted at the claim; with turn, the fence of a worker that lost its lease';
COMMENT ON COLUMN jobs.due IS 'null = waits its turn; in the future = leased or resting; past = free again';
CREATE INDEX jobs_fresh ON jobs (turn) WHERE attempts = 0;
CREATE INDEX jobs_tried ON jobs (turn) WHERE attempts > 0;
CREATE INDEX jobs_of_shop ON jobs (shop_id);

CREATE TABLE embeddings (
    photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
    checkpoint text NOT NULL,
    shop_id    uuid NOT NULL,
    embedding  bytea NOT NULL,
    PRIMARY KEY (photo_id, checkpoint)
);
COMMENT ON COLUMN embeddings.embedding IS 'float16, little endian, unit length before rounding';
CREATE INDEX embeddings_of_shop ON embeddings (shop_id, checkpoint, photo_id);

CREATE TABLE prompts (
    id          uuid PRIMARY KEY,
    shop_id     uuid NOT NULL REFERENCES shops ON DELETE CASCADE,
    prompt      text NOT NULL,
    num_results integer NOT NULL,
    returned    integer NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN prompts.num_results IS 'how many the shopper asked for';
COMMENT ON COLUMN prompts.returned IS 'how many products were recommended';
CREATE INDEX prompts_of_shop ON prompts (shop_id, id);

CREATE TABLE idempotency (
    shop_id     uuid NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shop_id, route, key)
);
COMMENT ON COLUMN idempotency.shop_id IS 'the nil uuid for the operator; not a foreign key for that reason';
COMMENT ON COLUMN idempotency.fingerprint IS 'SHA-256 of the request body';
COMMENT ON COLUMN idempotency.status IS 'null while the first request still runs';
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- UNLOGGED: a crash forgets who asked how often in the last minute, nothing else.
CREATE UNLOGGED TABLE buckets (
    name    text PRIMARY KEY,
    ends_at timestamptz NOT NULL,
    used    integer NOT NULL
) WITH (fillfactor = 50);
COMMENT ON COLUMN buckets.ends_at IS 'end of the window that `used` counts';
