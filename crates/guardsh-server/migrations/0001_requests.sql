-- TEXT and BIGINT only, so that the same text serves SQLite and PostgreSQL. Times are milliseconds since
-- 1970 by the service's clock.
CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    short TEXT NOT NULL,
    asker TEXT NOT NULL,
    uid BIGINT NOT NULL,
    door TEXT NOT NULL,
    material TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    filed_ms BIGINT NOT NULL,
    deadline_ms BIGINT NOT NULL,
    usable_until_ms BIGINT,
    claim_id TEXT
);
CREATE INDEX requests_material ON requests (asker, uid, material);
CREATE INDEX requests_filed ON requests (asker, uid, filed_ms);
CREATE INDEX requests_short ON requests (short);
CREATE INDEX requests_state ON requests (state, filed_ms);

CREATE TABLE decisions (
    id TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL REFERENCES requests (id),
    reviewer TEXT NOT NULL,
    decided_ms BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX decisions_request ON decisions (request, decided_ms);

-- What a person refused, by action: refused again at once while it holds.
CREATE TABLE denials (
    id TEXT NOT NULL PRIMARY KEY,
    asker TEXT NOT NULL,
    uid BIGINT NOT NULL,
    action_key TEXT NOT NULL,
    request TEXT NOT NULL REFERENCES requests (id),
    decision TEXT NOT NULL REFERENCES decisions (id),
    denied_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    lifted_ms BIGINT,
    lifted_by TEXT
);
CREATE INDEX denials_until ON denials (asker, uid, until_ms);
CREATE INDEX denials_request ON denials (request);

CREATE TABLE tokens (
    name TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL
);

CREATE TABLE records (
    id TEXT NOT NULL PRIMARY KEY,
    asker TEXT NOT NULL,
    uid BIGINT,
    received_ms BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX records_received ON records (asker, received_ms);
