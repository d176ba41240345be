import type { Database } from '../../../adapters/database/database.ts';
import type { Ffmpeg } from '../../../adapters/media/ffmpeg.ts';
import type { Bus } from '../../../adapters/signals/bus.ts';
import { createSpoolScope } from '../../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../../adapters/storage/storage.ts';
import { AppError } from '../../../errors.ts';
import type { Recording } from '../../../generated/prisma/client.ts';
import type { EventLog } from '../../event-log/event-log.ts';
import { announceFile } from '../../obsolete-files.ts';
import { lockRecording } from '../lifecycle.ts';
import { recordingTopic, type Recordings } from '../recordings.ts';
import { assemble } from './assemble.ts';
import type { Chunk } from './recorder-runs.ts';
import { type Joined, settle } from './settle.ts';

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  ffmpeg: Ffmpeg;
  bus: Bus;
  recordings: Recordings;
}

const CHUNKS = { index: true, size: true, storageKey: true, head: true, startedAt: true, durationMs: true, receivedAt: true, joined: true };

/** Seconds by which a file may play for less than the one before. */
const SHORTER_SECONDS = 1;

/** Another worker was faster, or the recording was deleted: there is nothing to do. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Turns the chunks of a live recording into a recording like an uploaded one. Safe to run twice, even at the same time. */
export function createFinish({ db, eventLog, storage, ffmpeg, bus, recordings }: Dependencies) {
  /** Stores the outcome, unless another worker has stored one in the meantime. */
  const store = (before: Recording, chunks: readonly Chunk[], joined: Joined | null): Promise<Recording> =>
    eventLog.append(before.examId, async (draft) => {
      const current = await lockRecording(draft.tx, before.id);
      if (!current || current.live !== before.live || current.storageKey !== before.storageKey) throw new Overtaken();
      return settle(draft, current, chunks, joined);
    });

  /** Joins all chunks. What replaces a file must play for as long: a late chunk must not spoil what is there. */
  async function join(recording: Recording, chunks: readonly Chunk[], signal: AbortSignal): Promise<Recording> {
    await using scope = createSpoolScope(storage);
    const assembled = await assemble(chunks, { storage, ffmpeg, scope, signal });
    const { media } = assembled;
    const hadFile = recording.sha256 !== '';
    if (!media)
      return store(
        recording,
        chunks,
        hadFile ? { kind: 'kept', reason: 'nothing could be played with them' } : { kind: 'unreadable', ...assembled },
      );
    if (hadFile && media.duration < (recording.duration ?? 0) - SHORTER_SECONDS)
      return store(recording, chunks, { kind: 'kept', reason: 'with them less of the recording could be played' });
    // Named by its content: a worker that repeats this after a kill stores the same bytes under the same key.
    const storageKey = `${recording.id}.${media.file.sha256.slice(0, 16)}.${media.format}`;
    if (storageKey === recording.storageKey) return store(recording, chunks, { kind: 'kept', reason: 'they cannot be read' });
    // Awaited, because the scope ends with this function.
    return await recordings.storing(async (moved) => {
      await announceFile(db, storageKey, 'recording');
      moved.push(storageKey);
      await scope.commit(media.file, storageKey);
      return store(recording, chunks, { kind: 'file', ...assembled, media, storageKey });
    });
  }

  async function finish(recording: Recording, signal: AbortSignal): Promise<Recording> {
    const chunks = await db.recordingChunk.findMany({ where: { recordingId: recording.id }, orderBy: { index: 'asc' }, select: CHUNKS });
    const isNew = recording.live || recording.lateBytes > 0;
    if (!isNew) return store(recording, chunks, null);
    if (chunks.every(({ size }) => size === 0n)) return store(recording, chunks, { kind: 'nothing' });
    return join(recording, chunks, signal);
  }

  /** @throws if another attempt may succeed; nothing has changed then. */
  return async function finishRecording(recordingId: string, signal: AbortSignal): Promise<void> {
    const recording = await db.recording.findUnique({ where: { id: recordingId } });
    if (!recording?.finishDueAt && !recording?.live) return;
    try {
      recordings.enqueue([await finish(recording, signal)]);
    } catch (error) {
      const isGone = error instanceof Overtaken || (error instanceof AppError && error.code === 'not_found');
      if (!isGone) throw error;
    }
    bus.publish(recordingTopic(recordingId));
  };
}

export type FinishRecording = ReturnType<typeof createFinish>;
