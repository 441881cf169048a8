/**
 * A place in a cluster's changes, from which a reader goes on: which entry of the journal, which transaction in it, and how many of its changes have been
 * seen. As text it is opaque to clients; it is the same in every Region, because the order is the journal's.
 */
import type { JournalPosition } from '#journal/journal.ts';

export type StreamPlace = {
  readonly journalId: string;
  readonly position: JournalPosition;
  readonly record: number;
  readonly change: number;
};

/** Of a journal's id so many characters: a place of another journal, one from before a restore, must not pass for one of this. */
const idCharacters = 8;

export const placeText = ({ journalId, position, record, change }: StreamPlace): string =>
  `${journalId.slice(0, idCharacters)}-${position}-${record}-${change}`;

/** undefined: the text is no place in this journal. */
export function placeOf(text: string, journalId: string): StreamPlace | undefined {
  const parts = /^([a-z0-9]+)-(\d{1,15})-(\d{1,9})-(\d{1,9})$/.exec(text);
  if (parts === null || parts[1] !== journalId.slice(0, idCharacters)) return undefined;
  return { journalId, position: Number(parts[2]), record: Number(parts[3]), change: Number(parts[4]) };
}

/** Whether `a` lies before `b`; both are of one journal. */
export function isBefore(a: StreamPlace, b: StreamPlace): boolean {
  if (a.position !== b.position) return a.position < b.position;
  return a.record !== b.record ? a.record < b.record : a.change < b.change;
}
