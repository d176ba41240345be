import type { Exam, Participant, Prisma, Recording, RecordingStage, RecordingStatus } from '../../generated/prisma/client.ts';
import type { Draft, DraftTransaction } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';

/**
 * The states of a recording: what they may become, and the only functions that change them, each with its event.
 * docs/architecture.md draws the same moves; a test compares the two.
 *
 * `status` is part of the documented API, `stage` says how far a recording is within it, and `playback` whether the files for
 * a browser have been made. A live recording is UPLOADED, its stage `receiving` and then `joining`.
 */

/** The possible next statuses of each status. `null` stands for a recording that does not exist yet. */
export const RECORDING_MOVES = {
  null: ['UPLOADED'],
  UPLOADED: ['PROCESSING', 'FAILED'],
  PROCESSING: ['PROCESSED', 'FAILED'],
  PROCESSED: [],
  FAILED: ['UPLOADED'],
} as const satisfies Record<RecordingStatus | 'null', readonly RecordingStatus[]>;

/** The stages in which a recording of each status may be. */
export const STAGES = {
  UPLOADED: ['receiving', 'joining', 'queued', 'off'],
  PROCESSING: ['reading', 'watching', 'listening'],
  PROCESSED: ['done'],
  FAILED: ['failed'],
} as const satisfies Record<RecordingStatus, readonly RecordingStage[]>;

/** Whether its analysis has ended, well or not. */
export const isFinished = ({ status }: Pick<Recording, 'status'>) => status === 'PROCESSED' || status === 'FAILED';

const mayBecome = (from: RecordingStatus, to: RecordingStatus) => (RECORDING_MOVES[from] as readonly RecordingStatus[]).includes(to);

/** The stage of a file that is whole and has not been analysed. */
export const waitingStage = (exam: Pick<Exam, 'settings'>): RecordingStage => (settingsOf(exam).aiDetection.enabled ? 'queued' : 'off');

type NewRecording = Pick<Recording, 'id' | 'type' | 'stage' | 'size' | 'format' | 'sha256' | 'storageKey' | 'createdAt'> &
  Partial<Recording>;

/** Adds a recording of that participant. */
export function addRecording(state: ExamState, { id: participantId, userId }: Participant, data: NewRecording): Recording {
  const recording = state.addRecording({
    submissionId: null,
    status: 'UPLOADED',
    duration: null,
    uploadId: null,
    error: null,
    note: null,
    progress: 0,
    playback: 'waiting',
    attempts: 0,
    playbackTries: 0,
    playbackDueAt: null,
    live: false,
    nextChunk: 0,
    lastChunkAt: null,
    finishDueAt: null,
    finishClaimedUntil: null,
    ...data,
    examId: state.exam.id,
    participantId,
    userId,
  });
  state.emit('RECORDING_CHANGED', recording.id, { userId, data: { to: 'UPLOADED', ...(data.live && { live: true }) } });
  return recording;
}

export type Move = Prisma.RecordingUpdateInput & { status: RecordingStatus; stage: RecordingStage };

/**
 * Moves a recording.
 * @param also written in the same transaction, its events first: a client that sees PROCESSED has seen the warnings
 * @returns the row; null if it is gone or its present status does not allow the move
 */
export async function moveRecording(
  { tx, emit }: Draft,
  id: string,
  data: Move,
  also: () => Promise<void> = async () => {},
): Promise<Recording | null> {
  const current = await tx.recording.findUnique({ where: { id }, select: { status: true } });
  if (!current || !mayBecome(current.status, data.status)) return null;
  const recording = await tx.recording.update({ where: { id }, data });
  await also();
  emit('RECORDING_CHANGED', id, { userId: recording.userId, data: { from: current.status, to: data.status } });
  return recording;
}

/**
 * Ends a live recording: its chunks are joined, or nothing could be made of them.
 * @returns the row; null if it is gone or has ended
 */
export async function endLive({ tx, exam, emit }: Draft, id: string, data: Prisma.RecordingUpdateInput): Promise<Recording | null> {
  const current = await tx.recording.findUnique({ where: { id }, select: { live: true } });
  if (!current?.live) return null;
  const recording = await tx.recording.update({
    where: { id },
    data: { stage: waitingStage(exam), ...data, live: false, finishClaimedUntil: null },
  });
  emit('RECORDING_CHANGED', id, { userId: recording.userId, data: { from: 'UPLOADED', to: recording.status, live: false } });
  return recording;
}

/** SQL condition on a row of "Recording": it is live and accepts chunks. */
export const IS_RECEIVING = `live AND stage = 'receiving' AND ("finishDueAt" IS NULL OR "finishDueAt" > now())`;

/** The same in memory, to answer before a chunk is read. */
export const isReceiving = ({ live, stage }: Pick<Recording, 'live' | 'stage'>) => live && stage === 'receiving';

/** SQL assignment after which no chunk is accepted, including one that waits for the row's lock. */
export const SHUT = `stage = 'joining'`;

/** Notes the progress of the analysis. Not an event: `recordingProgress` reads the row. */
export const noteProgress = (
  tx: Pick<DraftTransaction, 'recording'>,
  id: string,
  stage: (typeof STAGES)['PROCESSING'][number],
  progress: number,
) => tx.recording.updateMany({ where: { id, status: 'PROCESSING' }, data: { stage, progress } });

/** Notes whether all files for playback are there; `failed` if one of them cannot be made. */
export const notePlayback = (tx: Pick<DraftTransaction, 'recording'>, id: string, playback: 'ready' | 'failed') =>
  tx.recording.updateMany({ where: { id }, data: { playback, playbackDueAt: null } });

/** Whether its files for playback are to be made now. */
export const isToBeShown = ({ playback, playbackDueAt, sha256 }: Pick<Recording, 'playback' | 'playbackDueAt' | 'sha256'>) =>
  playback === 'waiting' && sha256 !== '' && (playbackDueAt === null || playbackDueAt <= new Date());

/** The same as a condition on rows. */
export const toBeShown = (): Prisma.RecordingWhereInput => ({
  playback: 'waiting',
  OR: [{ playbackDueAt: null }, { playbackDueAt: { lte: new Date() } }],
});

/** Adds sentences to what proctors should know of a recording; those that are there already are not repeated. */
export async function addNotes(tx: Pick<DraftTransaction, '$executeRaw'>, id: string, notes: readonly string[]): Promise<void> {
  for (const text of notes) {
    await tx.$executeRaw`UPDATE "Recording" SET note = concat_ws(' ', note, ${text}::text)
      WHERE id = ${id} AND position(${text}::text IN coalesce(note, '')) = 0`;
  }
}
