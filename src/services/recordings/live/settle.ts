import type { Prisma, Recording } from '../../../generated/prisma/client.ts';
import type { Draft } from '../../event-log/event-log.ts';
import { timesOf, type TimedChunk } from '../../evidence/chunk-times.ts';
import { linkByClock } from '../../evidence/link-by-clock.ts';
import { asJson, spansOf } from '../../evidence/spans.ts';
import { keepFiles } from '../../obsolete-files.ts';
import { addWarnings } from '../../warnings/warnings.ts';
import { noteJoined } from '../lifecycle.ts';
import { type Assembled, named } from './assemble.ts';
import { type Chunk, missingIndexes } from './recorder-runs.ts';

/** What came of joining the chunks. */
export type Joined =
  | { kind: 'nothing' }
  | ({ kind: 'unreadable' } & Assembled)
  | ({ kind: 'file'; storageKey: string } & Assembled & { media: NonNullable<Assembled['media']> })
  /** The file that is there is better. */
  | { kind: 'kept'; reason: string };

const NOTHING_CAME = 'Nothing of the recording arrived: it was started, but the browser sent no data.';
const UNREADABLE = 'Nothing that arrived can be played; it is kept in storage.';
/** Chunks that are being sent when the exam ends. */
const ON_THEIR_WAY_MS = 10_000;

/** Beginnings of sentences. */
const NOT_YET = 'Not arrived yet: ';
const NEVER = 'Never arrived: ';

/**
 * Stores what came of joining the chunks of a recording. If it is closed and nothing has come meanwhile, the chunks that are in its
 * file are removed: until then they are kept, to join them again.
 * @param current locked
 * @param chunks those that were there when the joining began
 * @param joined null if there was nothing to join
 */
export async function settle(draft: Draft, current: Recording, chunks: readonly Chunk[], joined: Joined | null): Promise<Recording> {
  const { tx, now } = draft;
  const { id } = current;
  const late = await bytesOfOthers(draft, id, chunks);
  const isFinal = current.closed && late === 0;
  const next = { lateBytes: late, finishDueAt: current.closed && late > 0 ? now : null, finishClaimedUntil: null };
  const used = usedOf(chunks, joined);
  const recording = joined
    ? await noteOutcome(draft, current, chunks, joined, next)
    : await tx.recording.update({ where: { id }, data: next });
  if (isFinal)
    await tx.$executeRaw`DELETE FROM "RecordingChunk" WHERE "recordingId" = ${id} AND (size = 0 OR index = ANY (${used}::int[]))`;
  else await tx.$executeRaw`UPDATE "RecordingChunk" SET joined = (index = ANY (${used}::int[])) WHERE "recordingId" = ${id}`;
  if (!isFinal) return recording;
  await tx.chunkRun.deleteMany({ where: { recordingId: id } });
  await warnOfGap(draft, current, chunks, used);
  const note = recording.note?.replace(NOT_YET, NEVER) ?? null;
  return note === recording.note ? recording : tx.recording.update({ where: { id }, data: { note } });
}

/** Bytes of chunks that came since the joining began. */
async function bytesOfOthers({ tx }: Draft, id: string, chunks: readonly Chunk[]): Promise<number> {
  const known = chunks.map(({ index }) => index);
  const [row] = await tx.$queryRaw<{ bytes: number }[]>`
    SELECT coalesce(sum(size), 0)::float8 AS bytes FROM "RecordingChunk" WHERE "recordingId" = ${id} AND index <> ALL (${known}::int[])`;
  return row?.bytes ?? 0;
}

function usedOf(chunks: readonly Chunk[], joined: Joined | null): number[] {
  if (joined?.kind === 'file') return joined.used.map(({ index }) => index);
  if (joined?.kind === 'unreadable' || joined?.kind === 'nothing') return [];
  return chunks.flatMap(({ index, joined }) => (joined ? [index] : []));
}

type Next = Pick<Prisma.RecordingUpdateInput, 'lateBytes' | 'finishDueAt' | 'finishClaimedUntil'>;

async function noteOutcome(draft: Draft, current: Recording, chunks: readonly Chunk[], joined: Joined, next: Next): Promise<Recording> {
  const { tx } = draft;
  const { id } = current;
  if (joined.kind === 'nothing')
    return noteJoined(draft, current, { ...next, status: 'FAILED', error: NOTHING_CAME, note: noteOf(current, chunks) });
  if (joined.kind === 'kept') {
    const others = chunks.filter(({ joined: isIn, size }) => !isIn && size > 0n).map(({ index }) => index);
    const sentence = `Left out, ${named(others)}: ${joined.reason}; their bytes are kept in storage.`;
    const note = current.note?.includes(sentence) ? current.note : [current.note, sentence].filter(Boolean).join(' ');
    return tx.recording.update({ where: { id }, data: { ...next, note, joins: { increment: 1 } } });
  }
  const note = noteOf(current, chunks, joined.notes);
  if (joined.kind === 'unreadable') return noteJoined(draft, current, { ...next, status: 'FAILED', error: UNREADABLE, note });
  const { media, storageKey } = joined;
  const { spans, skew } = spansOfFile(current, chunks, joined);
  const recording = await noteJoined(draft, current, {
    ...next,
    storageKey,
    note,
    format: media.format,
    duration: media.duration,
    size: media.file.size,
    sha256: media.file.sha256,
    startedAt: spans[0] ? new Date(spans[0].at) : current.createdAt,
    spans: asJson(spans),
    clockSkewMs: Math.max(-MOST_SKEW_MS, Math.min(MOST_SKEW_MS, skew)),
  });
  await keepFiles(tx, [storageKey]);
  await linkByClock(draft, recording);
  return recording;
}

/** What fits into the column; a clock that is off by more is a mistake of decades. */
const MOST_SKEW_MS = 2_147_483_647;

function spansOfFile(recording: Recording, chunks: readonly Chunk[], { parts, used }: Pick<Assembled, 'parts' | 'used'>) {
  const { chunks: timed, skew } = timesOf(chunks, recording.createdAt);
  const times = new Map(timed.map((chunk) => [chunk.index, chunk]));
  const timesOfSome = (some: readonly Chunk[]): TimedChunk[] =>
    some.flatMap(({ index, size }) => (size > 0n ? (times.get(index) ?? []) : []));
  let offset = 0;
  const spanned = parts.map(({ seconds, chunks: within }) => {
    const part = { offset, seconds, chunks: timesOfSome(within) };
    offset += seconds;
    return part;
  });
  const isUsed = new Set(used.map(({ index }) => index));
  const unusable = timesOfSome(chunks.filter(({ index }) => !isUsed.has(index)));
  return { spans: spansOf(spanned, unusable, recording.createdAt.getTime()), skew };
}

function noteOf(recording: Recording, chunks: readonly Chunk[], others: readonly string[] = []): string | null {
  const { closed, expectedChunks, sittingEndedAt } = recording;
  const missing = missingIndexes(chunks, expectedChunks);
  const end = sittingEndedAt && sittingEndedAt.getTime() + ON_THEIR_WAY_MS;
  const late = end === null ? [] : chunks.filter(({ receivedAt }) => receivedAt.getTime() > end).map(({ index }) => index);
  const notes = [
    ...(missing.length > 0 ? [`${closed ? NEVER : NOT_YET}${named(missing)}.`] : []),
    ...(late.length > 0 ? [`Arrived after the end: ${named(late)}.`] : []),
    ...others,
  ];
  return notes.length > 0 ? notes.join(' ') : null;
}

/** One warning, when no more can come: something that was recorded is lost, or cannot be read. */
async function warnOfGap(draft: Draft, recording: Recording, chunks: readonly Chunk[], used: readonly number[]): Promise<void> {
  const { tx } = draft;
  const { id, participantId, expectedChunks } = recording;
  const isUsed = new Set(used);
  const [missing] = missingIndexes(chunks, expectedChunks);
  const unreadable = chunks.find(({ index, size }) => size > 0n && !isUsed.has(index))?.index;
  const first = missing ?? unreadable;
  if (first === undefined) return;
  const known = await tx.warning.count({ where: { recordingId: id, type: 'evidence_gap', source: 'SYSTEM' } });
  if (known > 0) return;
  const participant = await tx.participant.findUniqueOrThrow({ where: { id: participantId } });
  const before = timesOf(chunks, recording.createdAt).chunks.findLast(({ index }) => index < first);
  const timestamp = before ? new Date(before.at + before.ms) : recording.createdAt;
  const details = missing === undefined ? 'unreadable' : 'lost';
  await addWarnings(draft, participant, 'SYSTEM', [{ type: 'evidence_gap', details, timestamp, recordingId: id }]);
}
