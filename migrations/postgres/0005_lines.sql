-- Telephone lines in calls, and the ends that only telephone calls have.

ALTER TABLE call DROP CONSTRAINT call_reason_check,
    ADD CONSTRAINT call_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'transferred', 'number_unknown',
        'line_down', 'ended'));

-- Of a line, which no directory knows: what it was called then. A name is what makes a leg one of a line.
ALTER TABLE leg DROP CONSTRAINT leg_reason_check,
    ADD CONSTRAINT leg_reason_check CHECK (reason IN ('declined', 'busy', 'no_answer', 'cancelled',
        'unreachable', 'failed', 'answered_elsewhere', 'declined_elsewhere', 'moved', 'transferred', 'number_unknown',
        'line_down', 'ended')),
    ADD COLUMN line_name TEXT,
    ADD COLUMN line_unit TEXT,
    ADD COLUMN line_number TEXT;
