-- The durable log: per topic a sequence without gaps, written in the transaction of the change it tells of.

CREATE TABLE log_epoch (
    one BIGINT NOT NULL PRIMARY KEY CONSTRAINT log_epoch_one_check CHECK (one = 1),
    epoch BIGINT NOT NULL
);

CREATE TABLE topic_head (
    topic TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE outbox (
    topic TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    frame TEXT NOT NULL,
    PRIMARY KEY (topic, seq)
);

CREATE INDEX outbox_at_idx ON outbox (at, topic, seq);
