-- What a person may do beyond calling, and the lines of the audit trail that tell of it.

CREATE TABLE role (
    person_id UUID NOT NULL REFERENCES account (person_id) ON DELETE CASCADE,
    role TEXT NOT NULL CONSTRAINT role_role_check CHECK (role IN ('administrator')),
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, role)
);

ALTER TABLE audit DROP CONSTRAINT audit_action_check,
    ADD CONSTRAINT audit_action_check
        CHECK (action IN ('log_in', 'log_out', 'log_out_everywhere', 'end_login', 'grant_role', 'revoke_role', 'add_phone',
        'change_phone_password', 'remove_phone', 'search_call_records', 'export_call_records')),
    -- Whom or what it was done to: a person's id, the user name of a telephone.
    ADD COLUMN subject TEXT;
