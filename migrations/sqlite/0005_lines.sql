-- Telephone lines in calls, and the ends that only telephone calls have. SQLite cannot alter a CHECK: both tables are rebuilt.

CREATE TABLE new_call (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CONSTRAINT call_kind_check CHECK (kind IN ('direct', 'group')),
    video INTEGER NOT NULL CONSTRAINT call_video_check CHECK (video IN (0, 1)),
    starter_id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    reason TEXT CONSTRAINT call_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'transferred', 'number_unknown',
        'line_down', 'ended'))
) STRICT;

INSERT INTO new_call (id, kind, video, starter_id, started_at, ended_at, reason)
    SELECT id, kind, video, starter_id, started_at, ended_at, reason FROM call;
DROP TABLE call;
ALTER TABLE new_call RENAME TO call;

CREATE INDEX call_open_idx ON call (started_at) WHERE ended_at IS NULL;

-- One person, or one telephone line, in one call; a second invitation opens the row again.
CREATE TABLE new_leg (
    call_id BLOB NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    person_id BLOB NOT NULL,
    by_id BLOB NOT NULL,
    invited_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    reason TEXT CONSTRAINT leg_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'transferred', 'number_unknown',
        'line_down', 'ended')),
    missed INTEGER NOT NULL CONSTRAINT leg_missed_check CHECK (missed IN (0, 1)),
    seen INTEGER NOT NULL CONSTRAINT leg_seen_check CHECK (seen IN (0, 1)),
    -- Of a line, which no directory knows: what it was called then. A name is what makes a leg one of a line.
    line_name TEXT,
    line_unit TEXT,
    line_number TEXT,
    PRIMARY KEY (call_id, person_id)
) STRICT, WITHOUT ROWID;

INSERT INTO new_leg (call_id, person_id, by_id, invited_at, answered_at, ended_at, reason, missed, seen)
    SELECT call_id, person_id, by_id, invited_at, answered_at, ended_at, reason, missed, seen FROM leg;
DROP TABLE leg;
ALTER TABLE new_leg RENAME TO leg;

CREATE INDEX leg_history_idx ON leg (person_id, invited_at);
CREATE INDEX leg_unseen_idx ON leg (person_id) WHERE missed AND NOT seen;
