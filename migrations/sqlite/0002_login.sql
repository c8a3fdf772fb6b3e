-- Accounts, log-ins and the trail of what was done with them.

CREATE TABLE account (
    person_id BLOB NOT NULL PRIMARY KEY,
    -- Folded by the program, so that one person has one spelling.
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_at INTEGER NOT NULL,
    enabled INTEGER NOT NULL CONSTRAINT account_enabled_check CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX account_name_key ON account (name);

-- One log-in of a person on one device. The cookie's value is not here, only its SHA-256.
CREATE TABLE login (
    id BLOB NOT NULL PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES account (person_id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL,
    -- [{"factor","at"}]: what was proved, and when.
    factors TEXT NOT NULL,
    -- SHA-256 of the cookie that a device keeps between log-ins.
    device_hash BLOB NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT CONSTRAINT login_end_reason_check
        CHECK (end_reason IN ('logged_out', 'logged_out_everywhere', 'ended_by_owner', 'replaced', 'expired'))
) STRICT;

CREATE UNIQUE INDEX login_secret_hash_key ON login (secret_hash);
CREATE INDEX login_person_idx ON login (person_id, created_at);
CREATE INDEX login_device_idx ON login (person_id, device_hash);
CREATE INDEX login_open_idx ON login (last_seen_at) WHERE ended_at IS NULL;
CREATE INDEX login_ended_idx ON login (ended_at) WHERE ended_at IS NOT NULL;

-- Append-only. No password, token, or name that somebody typed.
CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    person_id BLOB,
    login_id BLOB,
    action TEXT NOT NULL CONSTRAINT audit_action_check
        CHECK (action IN ('log_in', 'log_out', 'log_out_everywhere', 'end_login')),
    outcome TEXT NOT NULL CONSTRAINT audit_outcome_check
        CHECK (outcome IN ('done', 'bad_credentials', 'too_many_attempts', 'forbidden')),
    -- The network, not the host.
    address TEXT NOT NULL,
    request_id TEXT
) STRICT;

CREATE INDEX audit_person_idx ON audit (person_id, at);
