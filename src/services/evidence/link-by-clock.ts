import type { Recording, RecordingType, Warning } from '../../generated/prisma/client.ts';
import type { Draft } from '../event-log/event-log.ts';
import { placedSpans, positionAt } from './spans.ts';

/** What is seen on the screen rather than by the camera. */
const ON_SCREEN: ReadonlySet<string> = new Set([
  'copy_paste',
  'devtools',
  'extra_display',
  'forbidden_software',
  'fullscreen_exit',
  'lockdown_key_mismatch',
  'mouse_left',
  'page_reload',
  'remote_control',
  'screen_black',
  'screen_frozen',
  'screen_share_stopped',
  'tab_switch',
  'virtual_machine',
  'window_blur',
]);

const suits = (warning: Pick<Warning, 'type'>): RecordingType => (ON_SCREEN.has(warning.type) ? 'SCREEN' : 'WEBCAM');

type Row = Pick<Warning, 'id' | 'type' | 'source' | 'timestamp' | 'recordedAt' | 'recordingId' | 'offsetSeconds'>;
type Linked = { id: string; offset: number };

/** Positions that differ by less are the same. */
const SAME_SECONDS = 0.05;

/** When it happened by the server's clock: a warning without a time of its own has that of its arrival. */
const momentOf = ({ source, timestamp, recordedAt }: Row, { clockSkewMs }: Recording) =>
  timestamp.getTime() + (source === 'CLIENT' && timestamp.getTime() !== recordedAt.getTime() ? clockSkewMs : 0);

/**
 * Gives warnings of clients their place in a recording, by the clock: in the one of the screen or of the camera, whichever suits the
 * type, or else in the other. Warnings that have a place in this recording get their present one, since its file may be another.
 */
export async function linkByClock({ tx, emit }: Draft, recording: Recording): Promise<void> {
  const spans = placedSpans(recording);
  if (spans.length === 0) return;
  const { id, participantId, userId, type } = recording;
  const rows = await tx.$queryRaw<(Row & { linkedType: RecordingType | null })[]>`
    SELECT w.id, w.type, w.source, w.timestamp, w."recordedAt", w."recordingId", w."offsetSeconds", r.type AS "linkedType"
      FROM "Warning" w LEFT JOIN "Recording" r ON r.id = w."recordingId"
     WHERE w."participantId" = ${participantId} AND (w."recordingId" = ${id} OR w.source = 'CLIENT')`;
  const linked: Linked[] = rows.flatMap((row) => {
    const mayMove = row.recordingId === null || row.recordingId === id || (row.linkedType !== type && suits(row) === type);
    const offset = mayMove ? positionAt(spans, momentOf(row, recording)) : null;
    const isSame = row.recordingId === id && row.offsetSeconds !== null && Math.abs(row.offsetSeconds - (offset ?? 0)) < SAME_SECONDS;
    return offset === null || isSame ? [] : [{ id: row.id, offset }];
  });
  if (linked.length === 0) return;
  await tx.$executeRaw`
    UPDATE "Warning" w SET "recordingId" = ${id}, "offsetSeconds" = row."offset"
      FROM unnest(${linked.map((one) => one.id)}::text[], ${linked.map(({ offset }) => offset)}::float8[]) AS row(id, "offset") WHERE w.id = row.id`;
  for (const one of linked) emit('WARNING_UPDATED', one.id, { userId, data: { recordingId: id } });
}
