import type { Database } from '../../../adapters/database/database.ts';
import type { Ffmpeg } from '../../../adapters/media/ffmpeg.ts';
import type { Bus } from '../../../adapters/signals/bus.ts';
import { createSpoolScope, type SpoolScope } from '../../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../../adapters/storage/storage.ts';
import { AppError } from '../../../errors.ts';
import type { Prisma, Recording } from '../../../generated/prisma/client.ts';
import type { EventLog } from '../../event-log/event-log.ts';
import { endLive } from '../lifecycle.ts';
import { recordingTopic, type Recordings } from '../recordings.ts';
import { assemble, type Assembled } from './assemble.ts';
import type { Chunk } from './recorder-runs.ts';

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  ffmpeg: Ffmpeg;
  bus: Bus;
  recordings: Recordings;
}

const NOTHING_CAME = 'Nothing of the recording arrived: it was started, but the browser sent no data.';
const UNREADABLE = 'Nothing that arrived can be played; it is kept in storage.';

/** Another worker was faster, or the recording was deleted: there is nothing to do. */
class NotLive extends Error {
  override readonly name = 'NotLive';
}

/** Turns the chunks of a live recording into a recording like an uploaded one. Safe to run twice, even at the same time. */
export function createFinish({ db, eventLog, storage, ffmpeg, bus, recordings }: Dependencies) {
  /** Ends it in the same transaction that removes the chunks, unless it has ended in the meantime. */
  const settle = ({ id, examId }: Recording, data: Prisma.RecordingUpdateInput, used: readonly Chunk[]) =>
    eventLog.append(examId, async (draft) => {
      const recording = await endLive(draft, id, data);
      if (!recording) throw new NotLive();
      await draft.tx.recordingChunk.deleteMany({ where: { recordingId: id, index: { in: used.map(({ index }) => index) } } });
      return recording;
    });

  const fail = (recording: Recording, error: string, { used = [], note = null }: { used?: readonly Chunk[]; note?: string | null } = {}) =>
    settle(recording, { status: 'FAILED', stage: 'failed', error, note }, used);

  async function keep(recording: Recording, { media, used, note }: Assembled, scope: SpoolScope): Promise<Recording> {
    if (!media) return fail(recording, UNREADABLE, { note });
    const { file, format, duration } = media;
    // Named by its content: a worker that repeats this after a kill stores the same bytes under the same key.
    const storageKey = `${recording.id}.${file.sha256.slice(0, 16)}.${format}`;
    return recordings.storing(async (moved) => {
      moved.push(storageKey);
      await scope.commit(file, storageKey);
      return settle(recording, { storageKey, format, duration, note, size: file.size, sha256: file.sha256 }, used);
    });
  }

  async function finish(recording: Recording, signal: AbortSignal): Promise<Recording> {
    const chunks = await db.recordingChunk.findMany({ where: { recordingId: recording.id }, orderBy: { index: 'asc' } });
    if (chunks.every(({ size }) => size === 0n)) return fail(recording, NOTHING_CAME, { used: chunks });
    await using scope = createSpoolScope(storage);
    const assembled = await assemble(chunks, { storage, ffmpeg, scope, signal });
    return await keep(recording, assembled, scope);
  }

  /** @throws if another attempt may succeed; nothing has changed then. */
  return async function finishRecording(recordingId: string, signal: AbortSignal): Promise<void> {
    const recording = await db.recording.findUnique({ where: { id: recordingId } });
    if (!recording?.live) return;
    try {
      recordings.enqueue([await finish(recording, signal)]);
    } catch (error) {
      const isGone = error instanceof NotLive || (error instanceof AppError && error.code === 'not_found');
      if (!isGone) throw error;
    }
    bus.publish(recordingTopic(recordingId));
  };
}

export type FinishRecording = ReturnType<typeof createFinish>;
