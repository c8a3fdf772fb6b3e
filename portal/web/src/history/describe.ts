/** How a call of the history is told. Pure. */
import type { HistoryEntry } from '../api';
import type { PlainKey } from '../i18n';
import type { IconName } from '../ui/icons/paths';

export interface Told {
  icon: IconName;
  key: PlainKey;
  /** Drawn in the colour of alarms; the words say it too. */
  alarm: boolean;
}

/** The words and the picture for what became of a call. */
export function tell(entry: HistoryEntry): Told {
  if (entry.missed) return { icon: 'missed', key: 'history.kind.missed', alarm: true };
  if (entry.ended_at == null) {
    return { icon: entry.direction === 'in' ? 'incoming' : 'outgoing', key: 'history.running', alarm: false };
  }
  return entry.direction === 'in' ? tellIncoming(entry) : tellOutgoing(entry);
}

function tellIncoming(entry: HistoryEntry): Told {
  switch (entry.reason) {
    case 'declined':
    case 'declined_elsewhere':
      return { icon: 'incoming', key: 'history.kind.declined', alarm: false };
    case 'answered_elsewhere':
      return { icon: 'incoming', key: 'history.kind.elsewhere', alarm: false };
    default:
      return { icon: 'incoming', key: 'history.kind.incoming', alarm: false };
  }
}

function tellOutgoing(entry: HistoryEntry): Told {
  const icon = 'outgoing';
  if (entry.answered_at != null) return { icon, key: 'history.kind.outgoing', alarm: false };
  switch (entry.reason) {
    case 'declined':
      return { icon, key: 'history.kind.out_declined', alarm: false };
    case 'busy':
      return { icon, key: 'history.kind.out_busy', alarm: false };
    case 'no_answer':
      return { icon, key: 'history.kind.out_no_answer', alarm: false };
    case 'cancelled':
      return { icon, key: 'history.kind.out_cancelled', alarm: false };
    case 'unreachable':
      return { icon, key: 'history.kind.out_unreachable', alarm: false };
    case 'number_unknown':
      return { icon, key: 'history.kind.out_number_unknown', alarm: false };
    case 'line_down':
      return { icon, key: 'history.kind.out_line_down', alarm: false };
    case 'failed':
      return { icon, key: 'history.kind.failed', alarm: false };
    default:
      return { icon, key: 'history.kind.outgoing', alarm: false };
  }
}

/** How long people talked, in milliseconds; 0 when they did not. */
export function talked(entry: HistoryEntry): number {
  if (entry.answered_at == null || entry.ended_at == null) return 0;
  return Math.max(0, entry.ended_at - entry.answered_at);
}

/** Missed and not yet looked at on any device. */
export function isUnseen(entry: HistoryEntry): boolean {
  return entry.missed && !entry.seen;
}

/** How to call the others of a call again: lines by their numbers. A line that withheld its number cannot be called. */
export function calleesOf(entry: HistoryEntry): { people: string[]; numbers: string[] } {
  return {
    people: entry.others.filter((other) => other.line !== true).map((other) => other.person),
    numbers: entry.others.flatMap((other) => (other.line === true ? (other.number ?? []) : [])),
  };
}

/** Those whom one calls most among these calls, at most `limit`; the more recent one first where equal. */
export function frequent(entries: readonly HistoryEntry[], limit: number): { id: string; name: string }[] {
  const counts = new Map<string, { id: string; name: string; calls: number }>();
  for (const entry of entries) {
    for (const { person, name, line } of entry.others) {
      // A line's id is of one call only.
      if (line === true) continue;
      const known = counts.get(person);
      if (known) known.calls++;
      else counts.set(person, { id: person, name, calls: 1 });
    }
  }
  // Sorting is stable, and the entries come newest first.
  return [...counts.values()]
    .sort((a, b) => b.calls - a.calls)
    .slice(0, limit)
    .map(({ id, name }) => ({ id, name }));
}
