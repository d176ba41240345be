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
import { addRecording, isReceiving } from '../lifecycle.ts';
import type { Quota } from '../quota.ts';
import { recordingTopic } from '../recordings.ts';
import { ANNOUNCE, APPEND, CLOSE } from './receive-sql.ts';
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
  /** Maximum size of all chunks together. */
  maxBytes: number;
  lateSeconds: number;
}

/** When a chunk was recorded, by the sender's clock. */
export interface ChunkTime {
  startedAt: Date | null;
  durationMs: number | null;
}

/** A chunk as its sender describes it. */
export interface NewChunk extends ChunkTime {
  recordingId: string;
  index: number;
}

export function createReceiving({ db, pool, eventLog, storage, bus, maxBytes, lateSeconds }: Dependencies) {
  const chunkAt = (recordingId: string, index: number) =>
    db.recordingChunk.findUnique({ where: { recordingId_index: { recordingId, index } } });

  /** @returns null if it was not accepted */
  async function insert(chunk: NewChunk, file: SpooledFile, key: string, most: number | null): Promise<{ isLast: boolean } | null> {
    const { recordingId, index, startedAt, durationMs } = chunk;
    const head = Buffer.from(file.head.subarray(0, HEAD_BYTES));
    const { size, sha256 } = file;
    const values = [recordingId, index, size, sha256, key, head, maxBytes, most, startedAt, durationMs, lateSeconds];
    try {
      const { rows } = await pool.query<{ isLast: boolean }>(APPEND, values);
      return rows[0] ?? null;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return null;
      throw error;
    }
  }

  /** Why a chunk was not accepted. */
  async function reasonAgainstChunk(recordingId: string, index: number, size: number, most: number | null): Promise<Received> {
    const recording = await db.recording.findUnique({ where: { id: recordingId }, include: { exam: { select: { status: true } } } });
    if (!recording || !isReceiving(recording)) throw ended();
    if (recording.exam.status === 'CANCELLED') throw new AppError('conflict', 'The exam was cancelled');
    const { expectedChunks } = recording;
    if (expectedChunks !== null && index >= expectedChunks)
      throw new AppError('conflict', 'This recording has fewer chunks', [
        { field: 'index', issue: `is not below ${expectedChunks}, the number that was announced` },
      ]);
    if (Number(recording.size) + recording.lateBytes + size > maxBytes) return 'full';
    if (most !== null) return 'over';
    throw ended();
  }

  const wake = (recordingId: string) => {
    bus.publish(LIVE_TOPIC);
    bus.publish(recordingTopic(recordingId));
  };

  /** Removes the bytes of a chunk that was refused after it had been stored. */
  async function removeRefused({ recordingId, index }: NewChunk, storageKey: string): Promise<void> {
    if ((await db.recordingChunk.count({ where: { recordingId, index, storageKey } })) === 0) await storage.remove(storageKey);
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
          refuse?.(state.handedIn.storedBy(participant.id));
          const id = newId('rec');
          return addRecording(state, participant, {
            id,
            type,
            live: true,
            closed: false,
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
    refuseEnded(recording: Pick<Recording, 'closed'>): void {
      if (!isReceiving(recording)) throw ended();
    },

    /**
     * Stores a chunk; resolves once it is durable. The same bytes at the same index change nothing.
     * @param field the caller's name for the bytes
     * @param most bytes of all recordings of the participant together; null for no limit
     * @throws AppError `invalid_request` for the start of a recording that can never be used; `conflict` for different bytes at the same index, and after the end of the recording.
     */
    async append(chunk: NewChunk, file: SpooledFile, field: string, most: number | null): Promise<Received> {
      const { recordingId, index } = chunk;
      const received = { recordingId, index, size: file.size, sha256: file.sha256 };
      const known = await chunkAt(recordingId, index);
      if (known) return { chunk: sameChunk(known, received) };
      refuseUnusable(index, file, field);
      // Named by its content: if two requests bring the same chunk, it does not matter whose bytes are kept.
      const storageKey = `${recordingId}.${index}.${file.sha256}`;
      try {
        await storage.commit(file, storageKey);
        const stored = await insert(chunk, file, storageKey, most);
        if (stored?.isLast) wake(recordingId);
        if (stored) return { chunk: received };
      } catch (error) {
        // A statement whose answer was lost may still have been executed.
        await removeRefused(chunk, storageKey).catch(() => {});
        throw error;
      }
      await removeRefused(chunk, storageKey);
      const other = await chunkAt(recordingId, index);
      if (other) return { chunk: sameChunk(other, received) };
      return reasonAgainstChunk(recordingId, index, file.size, most);
    },

    /**
     * Adds the participant's live recordings to the submission. It ends the sitting, not the upload: chunks that are still to come are
     * accepted. In the submission's transaction, so that a crash loses neither.
     */
    submitted: (state: ExamState, participantId: string, submissionId: string): Recording[] =>
      state.handedIn
        .recordingsOf(participantId)
        .filter(({ live, lastChunkAt, submissionId: before }) => live || (lastChunkAt !== null && before === null))
        .map((recording) => state.handedIn.endWithSubmission(recording, submissionId)),

    /**
     * Announces how many chunks a recording has. If all of them have come it is closed, and a worker joins them; otherwise it stays
     * open for the missing ones. A repeat changes nothing.
     * @throws AppError `invalid_request` for fewer than have come; `conflict` for another number than before, and for more than have
     *   come if it has ended
     */
    async announce({ id, nextChunk, expectedChunks, chunkCount, closed }: Recording, count: number): Promise<void> {
      if (count < nextChunk)
        throw invalidField('chunks', `must be at least ${nextChunk}: a chunk with the index ${nextChunk - 1} has come`);
      if ((expectedChunks ?? count) !== count)
        throw new AppError('conflict', 'Another number of chunks was announced before', [
          { field: 'chunks', issue: `is not ${expectedChunks}, the number that was announced` },
        ]);
      if (expectedChunks === count || (closed && chunkCount === count)) return;
      if (closed) throw ended();
      const { rows } = await pool.query<{ closed: boolean }>(ANNOUNCE, [id, count]);
      if (rows[0]?.closed) wake(id);
      if (rows[0]) return;
      const now = await db.recording.findUnique({ where: { id } });
      // Something came or changed in the same moment, which cannot happen again and again.
      if (now && (now.nextChunk !== nextChunk || now.closed !== closed || now.expectedChunks !== null)) return this.announce(now, count);
      throw ended();
    },

    /** Ends a recording: it accepts no more chunks, and a worker joins those received. No effect if it has already ended. */
    async finish(recordingId: string): Promise<void> {
      await pool.query(CLOSE, [recordingId]);
      wake(recordingId);
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
