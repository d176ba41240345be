import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import { toJpeg } from '../../adapters/media/picture.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import { AppError, invalidField, notFound } from '../../errors.ts';
import type { Exam, IdentityPhoto, Participant, Prisma, Verification } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { isExamOver, refuseOver, startTogether } from '../exams.ts';
import type { Mismatches } from '../identity/mismatches.ts';
import type { Verifications } from '../identity/verifications.ts';
import { announceFile, removeUnnamed } from '../obsolete-files.ts';
import type { ParticipantKey } from '../participants/key.ts';
import { move } from '../participants/lifecycle.ts';
import { impossible, isFinal } from '../participants/moves.ts';
import { refuseClosed } from '../participants/participants.ts';
import { allowedMs } from '../participants/time.ts';
import { createPersonalLimit } from '../personal-limit.ts';
import { noticeOf } from './notice.ts';

const DAY_MS = 24 * 3_600_000;
const SWEEP_MS = 60_000;
const TRIES_PER_MINUTE = 6;
/** Each is an event, and with a picture a search for the face. */
const CHECK_INS_PER_MINUTE = 10;
/** Pixels. */
const PHOTO_WIDTH = 1_280;

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  verifications: Verifications;
  mismatches: Mismatches;
  log: Logger;
  /** How long pictures of the check-in are kept. */
  photoDays: number;
}

function inExam(state: ExamState, userId: string): Participant {
  refuseOver(state.exam);
  const participant = state.requireParticipant(userId);
  if (isFinal(participant.status)) throw impossible(participant.status, 'This participant has already left the exam');
  return participant;
}

/** Accepting the notice, and the check-in before an exam: the device, and the picture of the face. */
export function createCheckIn({ db, eventLog, storage, verifications, mismatches, log, photoDays }: Dependencies) {
  const tries = createPersonalLimit({ perMinute: TRIES_PER_MINUTE, what: 'comparisons' });
  const checkIns = createPersonalLimit({ perMinute: CHECK_INS_PER_MINUTE, what: 'check-ins' });
  const noticeFor = (exam: Pick<Exam, 'settings'>) => noticeOf(exam, { photoDays });

  function refuseUnasked(exam: Exam, { noticeVersion }: Participant): void {
    if (noticeVersion !== noticeFor(exam).version)
      throw new AppError('conflict', 'The notice must be accepted first, as it is now: read it, then call acceptNotice');
  }

  async function find(who: ParticipantKey) {
    const known = await db.participant.findUnique({ where: { examId_userId: who }, include: { exam: true } });
    if (!known) throw notFound('Participant');
    return known;
  }

  /** Goes on from the check-in; one who is elsewhere in the exam stays there. */
  function goOn(state: ExamState, participant: Participant): Participant {
    if (participant.status !== 'CHECKING_IN') return participant;
    if (settingsOf(state.exam).admission === 'PROCTOR') return move(state, participant, 'WAITING', { by: participant.userId });
    refuseClosed(state);
    startTogether(state, participant.userId);
    return move(state, participant, 'ACTIVE', { by: participant.userId });
  }

  /** Makes the picture smaller, without the facts that cameras write into it, and stores it. */
  async function storePhoto(participantId: string, image: Uint8Array): Promise<IdentityPhoto> {
    await using scope = createSpoolScope(storage);
    const jpeg = await toJpeg(image, { maxWidth: PHOTO_WIDTH });
    const file = await scope.spool(Readable.from([jpeg], { objectMode: false }), { maxBytes: jpeg.length });
    const storageKey = `${participantId}.${randomUUID()}.jpg`;
    const createdAt = new Date();
    await announceFile(db, storageKey, 'picture');
    await scope.commit(file, storageKey);
    const { size, sha256 } = file;
    return {
      participantId,
      storageKey,
      size: BigInt(size),
      sha256,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + photoDays * DAY_MS),
    };
  }

  const write = ({ examId, userId }: ParticipantKey, device: Prisma.InputJsonValue, photo: IdentityPhoto | null) =>
    eventLog.write(examId, {
      userId,
      decide(state) {
        const participant = inExam(state, userId);
        refuseUnasked(state.exam, participant);
        const isNeeded = settingsOf(state.exam).identityPhoto && participant.status === 'CHECKING_IN';
        if (!photo && isNeeded) throw invalidField('photo', 'is required: without a camera, ask a proctor to let you in');
        if (photo) state.identityPhotos.push(photo);
        const told = { ...participant, device: device as Prisma.JsonValue };
        const what = photo ? 'device and picture' : 'device';
        state.emit('PARTICIPANT_CHANGED', participant.id, { userId, data: { by: userId, what: 'check-in', from: null, to: what } });
        return goOn(state, state.setParticipant(told));
      },
    });

  return {
    notice: noticeFor,

    /** @throws AppError `conflict` if the notice is another one by now; a repeat changes nothing */
    acceptNotice: ({ examId, userId }: ParticipantKey, version: string): Promise<Participant> =>
      eventLog.write(examId, {
        userId,
        decide(state) {
          const participant = inExam(state, userId);
          const { version: current } = noticeFor(state.exam);
          if (version !== current) throw new AppError('conflict', 'The notice has changed: read it again');
          const { id, noticeVersion: from } = participant;
          if (from === version) return participant;
          state.emit('PARTICIPANT_CHANGED', id, { userId, data: { by: userId, what: 'notice', from, to: version } });
          return state.setParticipant({ ...participant, noticeVersion: version, noticeAcceptedAt: state.now });
        },
      }),

    /**
     * Checks a participant in. The picture becomes the face that the camera is compared with, unless one is known from before: then
     * it is compared with that, as by `verify`.
     * @param photo an encoded JPEG, PNG or WebP
     * @throws AppError `invalid_request` for a picture without exactly one clear face; TooOften for more than a person needs, at this
     *   server; nothing is stored then
     */
    async checkIn(
      who: ParticipantKey,
      { device, photo }: { device: Prisma.InputJsonValue; photo: Uint8Array | null },
    ): Promise<Participant> {
      await checkIns.take(who);
      if (!photo) return write(who, device, null);
      const known = await find(who);
      // Before anything is done with the picture.
      refuseUnasked(known.exam, known);
      const face = await verifications.readReference(photo, 'photo');
      const row = await storePhoto(known.id, photo);
      const checked = await write(who, device, row).catch(async (error: unknown) => {
        // A commit whose answer was lost may still have happened.
        await removeUnnamed({ db, storage }, [row.storageKey]).catch((cause) =>
          log.error({ err: cause }, 'a picture without a participant may be left in storage'),
        );
        throw error;
      });
      const { tenant } = known.exam;
      const until = new Date(Date.now() + allowedMs(known.exam, known));
      const compared = { tenant, userId: who.userId, participantId: known.id };
      const outcome = await verifications.keepOrCompare(compared, face, until);
      if (outcome && !outcome.verified) await mismatches.look(known.examId, compared);
      return checked;
    },

    /**
     * Compares a picture from the participant's own page with the face that is known of them. The third failure in a row is a warning.
     * @param read gets the encoded picture, which is not kept
     * @throws AppError `conflict` for one who is not in the exam any more, and if no face is known; TooOften for more comparisons per
     *   minute than a person needs, at this server
     */
    async verify(who: ParticipantKey, read: () => Promise<Uint8Array>): Promise<Verification> {
      const { id: participantId, userId, status, exam } = await find(who);
      if (isFinal(status) || isExamOver(exam)) throw new AppError('conflict', 'This participant is not in the exam any more');
      await tries.take(who);
      const compared = { tenant: exam.tenant, userId, participantId };
      const outcome = await verifications.verifyParticipant(compared, await read());
      if (!outcome.verified) await mismatches.look(exam.id, compared);
      return outcome;
    },

    /** Starts the sweep that removes pictures whose time is over, those from before at once. Call once per process. */
    startSweep(): Pick<Sweep, 'stop'> {
      const sweep = startSweep({
        everyMs: SWEEP_MS,
        log,
        failure: 'could not remove old pictures of check-ins; will try again',
        async run() {
          await db.identityPhoto.deleteMany({ where: { expiresAt: { lte: new Date() } } });
        },
      });
      void sweep.now();
      return sweep;
    },
  };
}

export type CheckIn = ReturnType<typeof createCheckIn>;
