-- One leg of one telephone call, written when it is over.

CREATE TABLE call_record (
    id UUID NOT NULL PRIMARY KEY,
    call_id UUID,
    person_id UUID,
    -- The person's name at that time, as `from_party` and `to_party` are what was known then.
    person_name TEXT,
    kind TEXT NOT NULL CONSTRAINT call_record_kind_check CHECK (kind IN ('app', 'phone', 'trunk')),
    direction TEXT NOT NULL CONSTRAINT call_record_direction_check CHECK (direction IN ('in', 'out')),
    via TEXT NOT NULL,
    from_party TEXT NOT NULL,
    to_party TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ringing_at BIGINT,
    answered_at BIGINT,
    ended_at BIGINT NOT NULL,
    reason TEXT NOT NULL CONSTRAINT call_record_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer',
        'cancelled', 'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'transferred',
        'number_unknown', 'line_down', 'ended')),
    status BIGINT,
    codec TEXT,
    loss DOUBLE PRECISION,
    loss_there DOUBLE PRECISION,
    jitter_ms DOUBLE PRECISION,
    rtt_ms BIGINT,
    mos DOUBLE PRECISION,
    -- Folded from_party, to_party and person_name, for the search.
    words TEXT NOT NULL
);

CREATE INDEX call_record_started_idx ON call_record (started_at, id);
