import type { Database } from '../../adapters/database/database.ts';
import { type Ffmpeg, findRuns, MediaError } from '../../adapters/media/ffmpeg.ts';
import { sniffContainer } from '../../adapters/media/media-sniff.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { AnalysisQueue } from '../../adapters/signals/queue.ts';
import type { SpooledFile, Storage } from '../../adapters/storage/storage.ts';
import { abortable } from '../../async/abortable.ts';
import { WakeSignal } from '../../async/wake-signal.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { Participant, Prisma, Recording, RecordingType } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { refuseCancelled } from '../exams.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import { announceFile, removeUnnamed } from '../obsolete-files.ts';
import { enrolled } from '../participants/participants.ts';
import { addRecording, isFinished, moveRecording, toBeShown, waitingStage } from './lifecycle.ts';
import { measureMedia } from './open-media.ts';
import type { Quota } from './quota.ts';

/** A file that was checked to be a video. */
export interface CheckedMedia {
  file: SpooledFile;
  format: 'webm' | 'mp4';
  /** Seconds, measured. */
  duration: number;
  /** What proctors should know of it; null for nothing. */
  note: string | null;
}

/** A file at its final storage key, not yet named by a row. */
export interface PlacedMedia extends CheckedMedia {
  recordingId: string;
  storageKey: string;
}

export const recordingTopic = (recordingId: string) => `recording:${recordingId}`;

/** The longest delay of a progress report whose wake-up call was lost. */
const PROGRESS_TICK_MS = 1_000;
const ENQUEUE_BATCH = 500;

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  queue: AnalysisQueue;
  ffmpeg: Ffmpeg;
  bus: Bus;
  log: Logger;
}

export function createRecordings({ db, eventLog, storage, queue, ffmpeg, bus, log }: Dependencies) {
  /** Recordings of exams in progress go first: somebody may still act on the findings. */
  async function enqueueAll(where: Prisma.RecordingWhereInput): Promise<void> {
    const waiting = await db.recording.findMany({
      where,
      orderBy: { createdAt: 'asc' },
      select: { id: true, exam: { select: { status: true } } },
    });
    const jobs = waiting.map(({ id, exam }) => ({ recordingId: id, urgent: exam.status === 'IN_PROGRESS' }));
    for (let start = 0; start < jobs.length; start += ENQUEUE_BATCH) await queue.add(jobs.slice(start, start + ENQUEUE_BATCH));
  }

  return {
    /**
     * Checks a file: its content decides the container, and it must have a video stream.
     * @param options.isOne refuses several recordings in one file, of which each is read by a process of its own
     * @throws AppError `invalid_request` that names `field`.
     */
    async check(file: SpooledFile, field: string, { isOne = false } = {}): Promise<CheckedMedia> {
      if (file.size === 0) throw invalidField(field, 'The file is empty');
      if (!sniffContainer(file.head)) throw invalidField(field, 'Must be a WebM or MP4 video');
      const { signal } = new AbortController();
      async function measure(path: string) {
        if (isOne && (await findRuns(path)).length > 1) throw new MediaError('The file holds several recordings.');
        return measureMedia(path, { storage, ffmpeg, signal });
      }
      try {
        return { file, ...(await storage.withLocalFile(file, measure)) };
      } catch (error) {
        if (error instanceof MediaError) throw invalidField(field, error.message, { cause: error });
        throw error;
      }
    },

    /**
     * Runs work that moves files to their final keys and the transaction that names them. If it fails, the moved files are removed,
     * but only after the database says that no row names them: a commit whose answer was lost has still happened.
     */
    async storing<T>(run: (moved: string[]) => Promise<T>): Promise<T> {
      const moved: string[] = [];
      try {
        return await run(moved);
      } catch (error) {
        await removeUnnamed({ db, storage }, moved).catch((cause) =>
          log.error({ err: cause, keys: moved }, 'files of a failed request may be left in storage'),
        );
        throw error;
      }
    },

    /** Moves a file to its final key. Before the transaction, because a bucket is slow and the exam's log must not wait for it. */
    async place(media: CheckedMedia, moved: string[]): Promise<PlacedMedia> {
      const recordingId = newId('rec');
      const storageKey = `${recordingId}.${media.format}`;
      await announceFile(db, storageKey, 'recording');
      moved.push(storageKey);
      await storage.commit(media.file, storageKey);
      return { ...media, recordingId, storageKey };
    },

    /** Removes the files that no row names. */
    removeUnnamed: (moved: readonly string[]) => removeUnnamed({ db, storage }, moved),

    /** Adds a placed file to the exam. */
    add(
      state: ExamState,
      participant: Participant,
      type: RecordingType,
      { recordingId: id, storageKey, duration, format, note, file }: PlacedMedia,
      { submissionId = null, uploadId = null }: { submissionId?: string | null; uploadId?: string | null } = {},
    ): Recording {
      const { size, sha256 } = file;
      const stage = waitingStage(state.exam);
      const from = { submissionId, uploadId, createdAt: state.now };
      return addRecording(state, participant, { ...from, id, type, duration, format, note, storageKey, size: BigInt(size), sha256, stage });
    },

    /** The recording made from a resumable upload. */
    ofUpload: (uploadId: string): Promise<Recording | null> => db.recording.findUnique({ where: { uploadId } }),

    /**
     * @param uploadId the resumable upload it came from; the database refuses a second recording from the same one
     * @param keeper stores the answer under the request's idempotency key in the same transaction
     * @param refuse throws for a participant who has stored too much; null for no limit
     */
    async upload(
      input: { examId: string; userId: string; type: RecordingType },
      media: CheckedMedia,
      {
        uploadId = null,
        keeper = null,
        refuse = null,
      }: { uploadId?: string | null; keeper?: AnswerKeeper | null; refuse?: Quota['refuse'] | null } = {},
    ): Promise<Recording> {
      const recording = await this.storing(async (moved) => {
        const placed = await this.place(media, moved);
        return eventLog.write(input.examId, {
          userId: input.userId,
          keeper,
          counts: refuse !== null,
          decide: (state) => {
            refuseCancelled(state.exam);
            const participant = enrolled(state, input.userId);
            refuse?.(state.handedIn.storedBy(participant.id));
            return this.add(state, participant, input.type, placed, { uploadId });
          },
        });
      });
      this.enqueue([recording]);
      return recording;
    },

    /**
     * Queues committed recordings for analysis, in the background: they are already safe, and an unreachable queue must not delay
     * the answer. `enqueueForgotten` finds those that do not reach it now.
     */
    enqueue(recordings: readonly Recording[]): void {
      const ids = recordings.filter(({ live }) => !live).map(({ id }) => id);
      if (ids.length === 0) return;
      enqueueAll({ id: { in: ids } }).catch((error) =>
        log.warn({ err: error, recordingIds: ids }, 'could not queue an analysis; a worker will find it later'),
      );
    },

    /** Queues committed recordings that are missing from the queue: it was unreachable, lost its jobs, or the process ended in between. */
    async enqueueForgotten(): Promise<void> {
      await enqueueAll({
        live: false,
        sha256: { not: '' },
        OR: [{ status: { in: ['UPLOADED', 'PROCESSING'] }, stage: { not: 'off' } }, toBeShown()],
      });
    },

    /**
     * Runs a failed analysis again.
     * @throws AppError `conflict` unless it failed and its file exists.
     */
    async retry({ id, storageKey, examId }: Recording, keeper: AnswerKeeper | null = null): Promise<Recording> {
      const recording = await eventLog.append(
        examId,
        async (draft) => {
          const current = await draft.tx.recording.findUnique({ where: { id }, select: { status: true } });
          if (current?.status !== 'FAILED') throw notAgain('only a failed analysis can be run again');
          const again = { status: 'UPLOADED', stage: 'queued', progress: 0, attempts: 0, error: null } as const;
          const queued = await moveRecording(draft, { id, storageKey }, again);
          if (!queued) throw notAgain('only a failed analysis can be run again');
          if (queued.sha256 === '') throw notAgain('has no file to analyse');
          return queued;
        },
        keeper,
      );
      bus.publish(recordingTopic(id));
      this.enqueue([recording]);
      return recording;
    },

    /** The row now and each time its analysis progresses, until it ends. */
    watchProgress: (recordingId: string): AsyncIterableIterator<Recording> =>
      abortable(async function* follow(signal) {
        const moved = new WakeSignal();
        const unsubscribe = bus.subscribe(recordingTopic(recordingId), () => moved.wake());
        const tick = setInterval(() => moved.wake(), PROGRESS_TICK_MS);
        try {
          let last = '';
          while (!signal.aborted) {
            const seen = moved.version;
            const recording = await db.recording.findUnique({ where: { id: recordingId } });
            if (!recording) return;
            const state = `${recording.status} ${recording.stage} ${recording.progress}`;
            if (state !== last) yield recording;
            last = state;
            if (isFinished(recording) || recording.stage === 'off') return;
            await moved.after(seen, signal);
          }
        } finally {
          clearInterval(tick);
          unsubscribe();
        }
      }),
  };
}

const notAgain = (issue: string) => new AppError('conflict', 'The analysis cannot be run again', [{ field: 'recordingId', issue }]);

export type Recordings = ReturnType<typeof createRecordings>;
