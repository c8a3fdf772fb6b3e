-- What a person may do beyond calling, and the lines of the audit trail that tell of it.

CREATE TABLE role (
    person_id BLOB NOT NULL REFERENCES account (person_id) ON DELETE CASCADE,
    role TEXT NOT NULL CONSTRAINT role_role_check CHECK (role IN ('administrator')),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, role)
) STRICT, WITHOUT ROWID;

-- Append-only. No password, token, or name that somebody typed.
CREATE TABLE new_audit (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    person_id BLOB,
    login_id BLOB,
    action TEXT NOT NULL CONSTRAINT audit_action_check
        CHECK (action IN ('log_in', 'log_out', 'log_out_everywhere', 'end_login', 'grant_role', 'revoke_role', 'add_phone',
        'change_phone_password', 'remove_phone', 'search_call_records', 'export_call_records')),
    outcome TEXT NOT NULL CONSTRAINT audit_outcome_check
        CHECK (outcome IN ('done', 'bad_credentials', 'too_many_attempts', 'forbidden')),
    -- The network, not the host; 'console' for a command on the server.
    address TEXT NOT NULL,
    request_id TEXT,
    -- Whom or what it was done to: a person's id, the user name of a telephone.
    subject TEXT
) STRICT;

INSERT INTO new_audit (id, at, person_id, login_id, action, outcome, address, request_id)
    SELECT id, at, person_id, login_id, action, outcome, address, request_id FROM audit;
DROP TABLE audit;
ALTER TABLE new_audit RENAME TO audit;

CREATE INDEX audit_person_idx ON audit (person_id, at);
