-- Telephones that may register here.

CREATE TABLE phone (
    -- Of REGISTER and of the digest.
    user_name TEXT NOT NULL PRIMARY KEY,
    extension TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Not a foreign key: a telephone outlives its person in the directory, as nobody's.
    person_id BLOB,
    -- The password itself is nowhere. These hashes are as good as it, for this realm.
    realm TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    password_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX phone_extension_key ON phone (extension);

-- Grows with every change above, in the same transaction: nodes compare it with what they have in memory.
CREATE TABLE phone_revision (
    one INTEGER NOT NULL PRIMARY KEY CONSTRAINT phone_revision_one_check CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;

INSERT INTO phone_revision (one, revision) VALUES (1, 0);
