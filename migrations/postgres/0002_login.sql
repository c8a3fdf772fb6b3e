-- Accounts, log-ins and the trail of what was done with them.

CREATE TABLE account (
    person_id UUID NOT NULL PRIMARY KEY,
    -- Folded by the program, so that one person has one spelling.
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_at BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX account_name_key ON account (name);

-- One log-in of a person on one device. The cookie's value is not here, only its SHA-256.
CREATE TABLE login (
    id UUID NOT NULL PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES account (person_id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL,
    -- [{"factor","at"}]: what was proved, and when.
    factors JSONB NOT NULL,
    -- SHA-256 of the cookie that a device keeps between log-ins.
    device_hash BYTEA NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT CONSTRAINT login_end_reason_check
        CHECK (end_reason IN ('logged_out', 'logged_out_everywhere', 'ended_by_owner', 'replaced', 'expired'))
);

CREATE UNIQUE INDEX login_secret_hash_key ON login (secret_hash);
CREATE INDEX login_person_idx ON login (person_id, created_at);
CREATE INDEX login_device_idx ON login (person_id, device_hash);
CREATE INDEX login_open_idx ON login (last_seen_at) WHERE ended_at IS NULL;
CREATE INDEX login_ended_idx ON login (ended_at) WHERE ended_at IS NOT NULL;

-- Append-only. No password, token, or name that somebody typed.
CREATE TABLE audit (
    id UUID NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    person_id UUID,
    login_id UUID,
    action TEXT NOT NULL CONSTRAINT audit_action_check
        CHECK (action IN ('log_in', 'log_out', 'log_out_everywhere', 'end_login')),
    outcome TEXT NOT NULL CONSTRAINT audit_outcome_check
        CHECK (outcome IN ('done', 'bad_credentials', 'too_many_attempts', 'forbidden')),
    -- The network, not the host.
    address TEXT NOT NULL,
    request_id TEXT
);

CREATE INDEX audit_person_idx ON audit (person_id, at);
