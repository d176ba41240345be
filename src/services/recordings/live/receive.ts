import type { Pool } from '../../../adapters/database/database-transaction.ts';
import type { Database } from '../../../adapters/database/database.ts';
import { startsContainer } from '../../../adapters/media/media-sniff.ts';
import { reasonAgainst } from '../../../adapters/media/media-tracks.ts';
import type { Bus } from '../../../adapters/signals/bus.ts';
import type { SpooledFile, Storage } from '../../../adapters/storage/storage.ts';
import { AppError, invalidField } from '../../../errors.ts';
import type { Recording, RecordingChunk, RecordingType } from '../../../generated/prisma/client.ts';
import { newId } from '../../../ids.ts';
import type { EventLog } from '../../event-log/event-log.ts';
import type { ExamState } from '../../exam-writes/exam-state.ts';
import { refuseCancelled } from '../../exams.ts';
import type { AnswerKeeper } from '../../idempotency.ts';
import { isFinal } from '../../participants/moves.ts';
import { bringIn } from '../../participants/participants.ts';
import { addRecording, IS_RECEIVING, isReceiving } from '../lifecycle.ts';
import type { Quota } from '../quota.ts';
import { recordingTopic } from '../recordings.ts';
import type { Ending } from './ending.ts';
import { LIVE_TOPIC } from './sweep.ts';

/** Enough to recognise the start of a container. */
const HEAD_BYTES = 16;

/**
 * Refuses the start of a recording that can never be used, so that a page learns at once that it must choose another codec, and
 * not after hours of acknowledged chunks.
 * @param field the caller's name for the bytes
 * @throws AppError `invalid_request`
 */
function refuseUnusable(index: number, { head, size }: SpooledFile, field: string): void {
  const reason = size > 0 && (index === 0 || startsContainer(head)) ? reasonAgainst(head) : null;
  if (reason) throw invalidField(field, reason);
}

/**
 * One statement for the chunk and its recording. After waiting for the row's lock it checks again, so that no chunk is accepted
 * once joining has begun.
 */
const APPEND = `
WITH open AS (
  UPDATE "Recording" SET size = size + $3, "lastChunkAt" = now(), "nextChunk" = greatest("nextChunk", $2 + 1)
   WHERE id = $1 AND ${IS_RECEIVING} AND size + $3 <= $7
     AND ($8::bigint IS NULL OR (SELECT sum(size) FROM "Recording" own WHERE own."participantId" = "Recording"."participantId") + $3 <= $8)
  RETURNING id)
INSERT INTO "RecordingChunk" ("recordingId", "index", size, sha256, "storageKey", head)
SELECT id, $2, $3, $4, $5, $6 FROM open
RETURNING "recordingId"`;

const UNIQUE_VIOLATION = '23505';

export interface ReceivedChunk {
  recordingId: string;
  index: number;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** The result for a chunk: `full` if the recording would exceed its limit, `over` if all recordings of the participant would. */
export type Received = { chunk: ReceivedChunk } | 'full' | 'over';

interface Dependencies {
  db: Database['prisma'];
  pool: Pool;
  eventLog: EventLog;
  storage: Storage;
  bus: Bus;
  due: Ending;
  /** Maximum size of all chunks together. */
  maxBytes: number;
  /** From a submission to the end of the recording, for chunks that are still being sent. */
  settleMs: number;
}

export function createReceiving({ db, pool, eventLog, storage, bus, due, maxBytes, settleMs }: Dependencies) {
  const chunkAt = (recordingId: string, index: number) =>
    db.recordingChunk.findUnique({ where: { recordingId_index: { recordingId, index } } });

  async function insert(recordingId: string, index: number, file: SpooledFile, key: string, most: number | null): Promise<boolean> {
    const head = Buffer.from(file.head.subarray(0, HEAD_BYTES));
    try {
      const { rowCount } = await pool.query(APPEND, [recordingId, index, file.size, file.sha256, key, head, maxBytes, most]);
      return rowCount === 1;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  /** Removes the bytes of a chunk that was refused after it had been stored. */
  async function removeUnnamed(storageKey: string): Promise<void> {
    if ((await db.recordingChunk.count({ where: { storageKey } })) === 0) await storage.remove(storageKey);
  }

  return {
    /**
     * Starts a recording whose chunks arrive while the exam runs.
     * @param refuse throws for a participant who has stored too much; null for no limit
     * @throws AppError `conflict` if the exam is over or cancelled, or the participant has left it.
     */
    start: (
      { examId, userId, type }: { examId: string; userId: string; type: RecordingType },
      { keeper = null, refuse = null }: { keeper?: AnswerKeeper | null; refuse?: Quota['refuse'] | null } = {},
    ) =>
      eventLog.write(examId, {
        userId,
        keeper,
        counts: refuse !== null,
        decide(state) {
          refuseCancelled(state.exam);
          if (state.exam.status === 'COMPLETED') throw new AppError('conflict', 'The exam is over');
          // Who records is in the exam.
          const participant = bringIn(state, userId);
          if (isFinal(participant.status)) throw new AppError('conflict', 'This participant has already left the exam');
          refuse?.(state.storedBy(participant.id));
          const id = newId('rec');
          return addRecording(state, participant, {
            id,
            type,
            live: true,
            stage: 'receiving',
            size: 0n,
            // What most browsers record, until the format is known.
            format: 'webm',
            sha256: '',
            storageKey: `${id}.live`,
            createdAt: state.now,
          });
        },
      }),

    /**
     * Refuses a recording that accepts no chunks, before one is read.
     * @throws AppError `conflict`
     */
    refuseEnded(recording: Pick<Recording, 'live' | 'stage'>): void {
      if (!isReceiving(recording)) throw ended();
    },

    /**
     * Stores a chunk; resolves once it is durable. The same bytes at the same index change nothing.
     * @param field the caller's name for the bytes
     * @param most bytes of all recordings of the participant together; null for no limit
     * @throws AppError `invalid_request` for the start of a recording that can never be used; `conflict` for different bytes at the same index, and after the end of the recording.
     */
    async append(recordingId: string, index: number, file: SpooledFile, field: string, most: number | null): Promise<Received> {
      const chunk = { recordingId, index, size: file.size, sha256: file.sha256 };
      const known = await chunkAt(recordingId, index);
      if (known) return { chunk: sameChunk(known, chunk) };
      refuseUnusable(index, file, field);
      // Named by its content: if two requests bring the same chunk, it does not matter whose bytes are kept.
      const storageKey = `${recordingId}.${index}.${file.sha256}`;
      try {
        await storage.commit(file, storageKey);
        if (await insert(recordingId, index, file, storageKey, most)) return { chunk };
      } catch (error) {
        // A statement whose answer was lost may still have been executed.
        await removeUnnamed(storageKey).catch(() => {});
        throw error;
      }
      await removeUnnamed(storageKey);
      const other = await chunkAt(recordingId, index);
      if (other) return { chunk: sameChunk(other, chunk) };
      const recording = await db.recording.findUnique({ where: { id: recordingId } });
      if (!recording || !isReceiving(recording)) throw ended();
      if (Number(recording.size) + file.size > maxBytes) return 'full';
      if (most !== null) return 'over';
      throw ended();
    },

    /**
     * Adds the participant's live recordings to the submission and sets their end, late enough for chunks that are still being
     * sent. In the submission's transaction, so that a crash loses neither.
     */
    submitted(state: ExamState, participantId: string, submissionId: string): Recording[] {
      const finishDueAt = new Date(state.now.getTime() + settleMs);
      return state
        .recordingsOf(participantId)
        .filter(({ live, lastChunkAt, submissionId: before }) => live || (lastChunkAt !== null && before === null))
        .map((recording) => state.endWithSubmission(recording, { finishDueAt, submissionId }));
    },

    /** Ends a recording: it accepts no more chunks, and a worker joins those received. No effect if it has already ended. */
    async finish(recordingId: string): Promise<void> {
      await due.close(recordingId);
      bus.publish(LIVE_TOPIC);
      bus.publish(recordingTopic(recordingId));
    },
  };
}

const ended = () =>
  new AppError('conflict', 'This recording has ended', [
    { field: 'recordingId', issue: 'has ended: start a new recording for further chunks' },
  ]);

function sameChunk(known: RecordingChunk, chunk: ReceivedChunk): ReceivedChunk {
  if (known.sha256 === chunk.sha256) return chunk;
  throw new AppError('conflict', 'A different chunk is already stored at this index', [
    { field: 'index', issue: 'already holds different bytes' },
  ]);
}
