-- The durable log: per topic a sequence without gaps, written in the transaction of the change it tells of.

CREATE TABLE log_epoch (
    one INTEGER NOT NULL PRIMARY KEY CONSTRAINT log_epoch_one_check CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE topic_head (
    topic TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    frame TEXT NOT NULL,
    PRIMARY KEY (topic, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_at_idx ON outbox (at, topic, seq);
