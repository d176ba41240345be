import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../adapters/database/database.ts';
import { type Ffmpeg, MediaError } from '../../adapters/media/ffmpeg.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { JobContext, JobOutcome } from '../../adapters/signals/queue.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { VisionError, type VisionProvider } from '../../adapters/vision/vision.ts';
import { type Exam, Prisma, type Recording } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import { isMoment, LAST_MOMENT } from '../../validation.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { linkByClock } from '../evidence/link-by-clock.ts';
import { asJson, momentAt, placedSpans } from '../evidence/spans.ts';
import { settingsOf } from '../exam-settings.ts';
import type { FaceTemplates } from '../identity/face-templates.ts';
import { suppressedOf } from '../participants/accommodations.ts';
import { FINAL_STATUSES } from '../participants/moves.ts';
import { addNotes, isFinished, isToBeShown, type Move, moveRecording, noteProgress } from '../recordings/lifecycle.ts';
import { type OpenMedia, openMedia } from '../recordings/open-media.ts';
import type { Playback } from '../recordings/playback.ts';
import { recordingTopic } from '../recordings/recordings.ts';
import { DETECTOR_TYPES } from '../warnings/catalogue.ts';
import type { NewWarning } from '../warnings/rows.ts';
import { addWarnings } from '../warnings/warnings.ts';
import { analyseMedia, type AnalysisOutcome, type AnalysisStage } from './analyse.ts';
import { CHANGES_SCREEN } from './frozen-screen.ts';
import { linkTold } from './link-live-warnings.ts';

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  vision: VisionProvider;
  ffmpeg: Ffmpeg;
  bus: Bus;
  log: Logger;
  /** An existing folder for temporary files of a running analysis. */
  workDir: string;
  playback: Playback;
  faceTemplates: FaceTemplates;
  /** Time limit of one analysis. */
  limitSeconds: number;
}

/** A recording whose analysis was started this often and never ended crashes its workers, or they are all too weak for it. */
const MOST_STARTS = 5;

/** More of them say nothing more. */
const MOST_CHANGES = 1_000;

const UNKNOWN_REASON = 'The analysis failed, but not because of the recording; it can be run again';

/**
 * With the beginning of the session as its statistics say, null if they do not; and with the moment when the participant had left the
 * exam before the recording arrived, null if they had not.
 */
type Subject = Recording & { exam: Exam; statedStart: string | null; leftAt: Date | null };

/** The job of the analysis queue. All results commit at once, so running it again duplicates nothing. */
export function createAnalysisJob({
  db,
  eventLog,
  storage,
  vision,
  ffmpeg,
  bus,
  log,
  workDir,
  playback,
  faceTemplates,
  limitSeconds,
}: Dependencies) {
  const report = (id: string, stage: AnalysisStage, progress: number) =>
    noteProgress(db, id, stage, progress)
      .then(() => bus.publish(recordingTopic(id)))
      .catch((error) => log.debug({ err: error, recordingId: id }, 'a progress report was lost'));

  /** Moves the recording on within its exam's log, unless another run of the job has already finished it. */
  async function move(recording: Recording, data: Move, also: (draft: Draft) => Promise<void> = async () => {}): Promise<boolean> {
    const moved = await eventLog.append(recording.examId, (draft) => moveRecording(draft, recording, data, () => also(draft)));
    bus.publish(recordingTopic(recording.id));
    return moved !== null;
  }

  async function analyse(recording: Subject, { path, format, info }: OpenMedia, signal: AbortSignal): Promise<AnalysisOutcome> {
    const { userId, exam } = recording;
    const verifiedFace = recording.type === 'WEBCAM' ? await faceTemplates.find({ tenant: exam.tenant, userId }) : null;
    const screenChanges = await screenChangesIn(recording);
    const folder = await mkdtemp(join(workDir, 'analysis-'));
    try {
      const sensitivity = settingsOf(recording.exam).aiDetection.sensitivity;
      return await analyseMedia(
        { path, format, info, type: recording.type, sensitivity, verifiedFace, screenChanges, workDir: folder },
        { vision, ffmpeg },
        { signal, onProgress: (stage, fraction) => void report(recording.id, stage, fraction) },
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * When the client reported what changes the picture of the screen. Nothing for a recording of which only the arrival is known:
   * what was reported then has no sure place in it.
   */
  async function screenChangesIn({ id, type, lastChunkAt, startedAt, createdAt }: Recording): Promise<number[]> {
    const isTimed = lastChunkAt !== null && startedAt !== null && startedAt.getTime() !== createdAt.getTime();
    if (type !== 'SCREEN' || !isTimed) return [];
    const rows = await db.warning.findMany({
      where: { recordingId: id, source: 'CLIENT', type: { in: [...CHANGES_SCREEN] } },
      select: { offsetSeconds: true },
      take: MOST_CHANGES,
    });
    return rows.flatMap(({ offsetSeconds }) => offsetSeconds ?? []);
  }

  const succeed = (recording: Subject, outcome: AnalysisOutcome) =>
    move(recording, { status: 'PROCESSED', stage: 'done', progress: 1, duration: outcome.duration, error: null }, async (draft) => {
      const suppressed = await suppressedOf(draft.tx, recording.participantId);
      await draft.tx.analysis.create({
        data: { ...analysisRow(recording.id, outcome), suppressed: DETECTOR_TYPES.filter((type) => suppressed.has(type)) },
      });
      await draft.tx.analysisSegment.createMany({
        data: outcome.segments.map((segment, ordinal) => ({ ...segment, recordingId: recording.id, ordinal })),
      });
      const participant = await draft.tx.participant.findUniqueOrThrow({ where: { id: recording.participantId } });
      const found = warningsOf(
        recording,
        outcome.warnings.filter(({ type }) => !suppressed.has(type)),
      );
      await addWarnings(draft, participant, 'ANALYSIS', await linkTold(draft, participant, found));
      // Also those that the client reported since its chunks were joined.
      await linkByClock(draft, recording);
    });

  /** Says when a whole file was recorded, and gives warnings of the client their place in it. */
  async function noteTimes(recording: Subject): Promise<void> {
    const { id, storageKey, spans, duration, sha256 } = recording;
    if (spans !== null || duration === null || sha256 === '') return;
    const began = beganAt(recording);
    const times = { startedAt: began, spans: asJson([{ at: began.getTime(), offset: 0, seconds: duration }]) };
    await eventLog.append(recording.examId, async (draft) => {
      const { count } = await draft.tx.recording.updateMany({ where: { id, storageKey, spans: { equals: Prisma.DbNull } }, data: times });
      if (count > 0) await linkByClock(draft, Object.assign(recording, times));
    });
  }

  /** Before the work, so that a start that dies with the process counts too. */
  const count = (id: string, change: 1 | -1) => db.recording.updateMany({ where: { id }, data: { attempts: { increment: change } } });

  const fail = (recording: Recording, error: string) => move(recording, { status: 'FAILED', stage: 'failed', error });

  /**
   * Opens the recording once for all that reads it. If it cannot be opened, `open` throws the reason to whoever needs it.
   */
  async function opened<T>({ id, storageKey }: Recording, signal: AbortSignal, use: (open: () => OpenMedia) => Promise<T>): Promise<T> {
    let isOpen = false;
    try {
      return await storage.withLocalFile(storageKey, (path) =>
        openMedia(path, { storage, ffmpeg, signal }, async (media) => {
          isOpen = true;
          await addNotes(db, id, media.notes);
          return use(() => media);
        }),
      );
    } catch (error) {
      if (isOpen) throw error;
      return use(() => {
        throw error;
      });
    }
  }

  async function find(id: string): Promise<Subject | null> {
    const recording = await db.recording.findUnique({ where: { id }, include: { exam: true } });
    if (!recording) return null;
    // Statistics may be large, and to parse them would hold up everybody.
    const [row] = await db.$queryRaw<Pick<Subject, 'statedStart' | 'leftAt'>[]>`
      SELECT (SELECT stats->>'startTime' FROM "Submission" WHERE id = ${recording.submissionId} AND jsonb_typeof(stats->'startTime') = 'string') AS "statedStart",
        (SELECT CASE WHEN data->>'to' = ANY (${FINAL_STATUSES}) THEN at END FROM "Event"
          WHERE kind = 'PARTICIPANT_CHANGED' AND "subjectId" = ${recording.participantId} AND data ? 'to' AND NOT data ? 'what'
            AND data->>'to' IS DISTINCT FROM data->>'from' AND at <= ${recording.createdAt} ORDER BY seq DESC LIMIT 1) AS "leftAt"`;
    return { statedStart: null, leftAt: null, ...row, ...recording };
  }

  async function handle(recordingId: string, { signal, lastAttempt }: JobContext): Promise<JobOutcome> {
    const recording = await find(recordingId);
    if (!recording || recording.live) return 'skipped';
    await noteTimes(recording);
    const isShown = !isToBeShown(recording);
    const isAnalysed = isFinished(recording) || recording.stage === 'off';
    if (isShown && isAnalysed) return 'skipped';
    if (!isAnalysed && recording.attempts >= MOST_STARTS) {
      await fail(recording, `The analysis was started ${recording.attempts} times and interrupted each time; it can be run again`);
      return 'failed';
    }
    const showsIt = !isShown && (await playback.begin(recording));
    if (!showsIt && isAnalysed) return 'failed';
    if (!isAnalysed) await count(recordingId, 1);
    try {
      return await opened(recording, signal, async (open) => {
        // First, because a proctor may look at it at once.
        if (showsIt) await playback.prepare(recording, open, workDir, signal);
        return isAnalysed ? 'done' : analyseAndTell(recording, open, { signal, lastAttempt });
      });
    } catch (error) {
      if (signal.aborted && !isAnalysed) await count(recordingId, -1);
      throw error;
    }
  }

  async function analyseAndTell(recording: Subject, open: () => OpenMedia, { signal, lastAttempt }: JobContext): Promise<JobOutcome> {
    const { id: recordingId } = recording;
    if (recording.status === 'UPLOADED') await move(recording, { status: 'PROCESSING', stage: 'reading' });
    const limit = AbortSignal.timeout(limitSeconds * 1_000);
    try {
      const outcome = await analyse(recording, open(), AbortSignal.any([signal, limit]));
      return (await succeed(recording, outcome)) ? 'done' : 'skipped';
    } catch (error) {
      if (signal.aborted) throw error;
      if (limit.aborted && lastAttempt) {
        await fail(recording, `The analysis took longer than ${limitSeconds} s in every attempt; it can be run again`);
        return 'failed';
      }
      if (error instanceof MediaError && !limit.aborted) {
        await fail(recording, error.message);
        return 'failed';
      }
      log.error({ err: error, recordingId }, 'an analysis failed');
      const isInVain = error instanceof VisionError && error.isFinal;
      if (!lastAttempt && !isInVain) throw error;
      const reason = error instanceof VisionError ? error.message : UNKNOWN_REASON;
      await fail(recording, reason);
      return 'failed';
    }
  }

  return handle;
}

function analysisRow(
  recordingId: string,
  { detector, sampledFrames, faceDetection, suspiciousActivity, screen }: AnalysisOutcome,
): Prisma.AnalysisUncheckedCreateInput {
  return {
    recordingId,
    detector,
    sampledFrames,
    ...faceDetection,
    ...suspiciousActivity,
    ...(screen && { screenIdle: screen.idle, screenBlank: screen.blank }),
  };
}

/**
 * When the recording began: known for a live one, else from the session's statistics, else as if it ended when it was uploaded or when
 * the participant left, whichever came first.
 */
function beganAt({ statedStart, leftAt, createdAt, duration, lastChunkAt }: Subject): Date {
  if (lastChunkAt) return createdAt;
  // Reported by the client, so it may contain anything.
  const stated = statedStart === null ? null : new Date(statedStart);
  return stated && isMoment(stated) ? stated : new Date((leftAt ?? createdAt).getTime() - (duration ?? 0) * 1_000);
}

function warningsOf(recording: Subject, warnings: AnalysisOutcome['warnings']): NewWarning[] {
  const began = beganAt(recording).getTime();
  const spans = placedSpans(recording);
  const momentOf = (seconds: number) => new Date(momentAt(spans, seconds) ?? Math.min(began + seconds * 1_000, LAST_MOMENT.getTime()));
  return warnings.map(({ type, startSeconds, endSeconds, confidence, details }) => ({
    type,
    details,
    ...(confidence !== null && { confidence }),
    timestamp: momentOf(startSeconds),
    endedAt: momentOf(endSeconds),
    recordingId: recording.id,
    offsetSeconds: startSeconds,
  }));
}
