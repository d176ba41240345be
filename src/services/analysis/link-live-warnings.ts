import type { Participant, Warning } from '../../generated/prisma/client.ts';
import type { Draft } from '../event-log/event-log.ts';
import type { NewWarning } from '../warnings/rows.ts';

/** Largest difference between the clocks of a recording, whose start may only be known roughly, and of the snapshots. */
const SLACK_MS = 5_000;

const overlaps = (known: Warning, { timestamp, endedAt }: NewWarning, now: Date) =>
  (timestamp ?? now).getTime() <= (known.endedAt ?? now).getTime() + SLACK_MS &&
  (endedAt ?? now).getTime() >= known.timestamp.getTime() - SLACK_MS;

/**
 * An episode in a recording that snapshots have already reported stays one warning: it gets its position in the recording, and
 * consoles are notified. So does one that an earlier analysis of the recording found, before late chunks were joined.
 * @returns the warnings that were not reported yet.
 */
export async function linkTold(draft: Draft, participant: Participant, warnings: readonly NewWarning[]): Promise<NewWarning[]> {
  const { tx, now, emit } = draft;
  const recordingIds = [...new Set(warnings.flatMap(({ recordingId }) => recordingId ?? []))];
  const told = await tx.warning.findMany({
    where: {
      participantId: participant.id,
      source: 'ANALYSIS',
      OR: [{ hasFrame: true }, { recordingId: { in: recordingIds } }],
      type: { in: warnings.map(({ type }) => type) },
    },
    orderBy: { seq: 'asc' },
  });
  const untold: NewWarning[] = [];
  const linked = new Set<string>();
  for (const warning of warnings) {
    const known = told.filter((row) => row.type === warning.type && overlaps(row, warning, now));
    if (known.length === 0) untold.push(warning);
    for (const { id } of known.filter((row) => row.recordingId === null && !linked.has(row.id))) {
      linked.add(id);
      await tx.warning.update({
        where: { id },
        data: { recordingId: warning.recordingId ?? null, offsetSeconds: warning.offsetSeconds ?? null },
      });
      emit('WARNING_UPDATED', id, { userId: participant.userId, data: { recordingId: warning.recordingId ?? null } });
    }
  }
  return untold;
}
