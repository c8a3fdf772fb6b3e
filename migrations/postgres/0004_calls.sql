-- The journal of calls: what history shows, and what a start after a crash repairs.

CREATE TABLE call (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT call_kind_check CHECK (kind IN ('direct', 'group')),
    video BOOLEAN NOT NULL,
    starter_id UUID NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT CONSTRAINT call_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'ended'))
);

CREATE INDEX call_open_idx ON call (started_at) WHERE ended_at IS NULL;

-- One person in one call; a second invitation opens the row again.
CREATE TABLE leg (
    call_id UUID NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    person_id UUID NOT NULL,
    by_id UUID NOT NULL,
    invited_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    reason TEXT CONSTRAINT leg_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'ended')),
    missed BOOLEAN NOT NULL,
    seen BOOLEAN NOT NULL,
    PRIMARY KEY (call_id, person_id)
);

CREATE INDEX leg_history_idx ON leg (person_id, invited_at);
CREATE INDEX leg_unseen_idx ON leg (person_id) WHERE missed AND NOT seen;
