-- The journal of calls: what history shows, and what a start after a crash repairs.

CREATE TABLE call (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT call_kind_check CHECK (kind IN ('direct', 'group')),
    video INTEGER NOT NULL CONSTRAINT call_video_check CHECK (video IN (0, 1)),
    starter_id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    reason TEXT CONSTRAINT call_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'ended'))
) STRICT;

CREATE INDEX call_open_idx ON call (started_at) WHERE ended_at IS NULL;

-- One person in one call; a second invitation opens the row again.
CREATE TABLE leg (
    call_id BLOB NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL,
    by_id BLOB NOT NULL,
    invited_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    reason TEXT CONSTRAINT leg_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'ended')),
    missed INTEGER NOT NULL CONSTRAINT leg_missed_check CHECK (missed IN (0, 1)),
    seen INTEGER NOT NULL CONSTRAINT leg_seen_check CHECK (seen IN (0, 1)),
    PRIMARY KEY (call_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX leg_history_idx ON leg (person_id, invited_at);
CREATE INDEX leg_unseen_idx ON leg (person_id) WHERE missed AND NOT seen;
