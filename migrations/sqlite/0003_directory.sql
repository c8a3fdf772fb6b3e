-- The organisation and its people. Search works on an index in memory, built from these tables.

CREATE TABLE unit (
    id BLOB NOT NULL PRIMARY KEY,
    parent_id BLOB REFERENCES unit (id),
    name TEXT NOT NULL,
    sort INTEGER NOT NULL
) STRICT;

CREATE INDEX unit_parent_idx ON unit (parent_id);

CREATE TABLE person (
    id BLOB NOT NULL PRIMARY KEY,
    unit_id BLOB NOT NULL REFERENCES unit (id),
    name TEXT NOT NULL,
    post TEXT NOT NULL,
    extension TEXT,
    email TEXT NOT NULL,
    -- Not a foreign key: deputies stand in for one another in rings.
    deputy_id BLOB,
    sort INTEGER NOT NULL
) STRICT;

CREATE INDEX person_unit_idx ON person (unit_id);

-- Grows with every change above, in the same transaction: nodes compare it with that of their index.
CREATE TABLE directory_revision (
    one INTEGER NOT NULL PRIMARY KEY CONSTRAINT directory_revision_one_check CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO directory_revision (one, revision) VALUES (1, 0);
