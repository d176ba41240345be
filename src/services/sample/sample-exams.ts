import type { Database } from '../../adapters/database/database.ts';
import type { Ffmpeg } from '../../adapters/media/ffmpeg.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { AppError } from '../../errors.ts';
import { type Exam, Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { JsonText, parseInput } from '../../validation.ts';
import type { Control } from '../control/control.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { settingsInput } from '../exam-input.ts';
import { changedSettings } from '../exam-settings.ts';
import type { Messages } from '../messages/messages.ts';
import type { Participants } from '../participants/participants.ts';
import type { Presence } from '../presence/presence.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import type { Submissions } from '../submissions.ts';
import type { Warnings } from '../warnings/warnings.ts';
import { addEvidence } from './sample-evidence.ts';
import { idsOf, PEOPLE } from './sample-people.ts';
import { startPlay } from './sample-play.ts';

interface Parts {
  control: Control;
  messages: Messages;
  participants: Participants;
  presence: Presence;
  recordings: Recordings;
  snapshots: Snapshots;
  submissions: Submissions;
  warnings: Warnings;
}

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  ffmpeg: Ffmpeg;
  log: Logger;
  /** The services through which everything happens, as if people did it. */
  parts(): Parts;
}

const SETTINGS = { admission: 'PROCTOR', sharedLink: false, aiDetection: { enabled: false } };

/** An exam that the server makes up and plays, for whoever looks at it for the first time. */
export function createSampleExams({ db, eventLog, storage, ffmpeg, log, parts }: Dependencies) {
  const playing = new Map<string, () => void>();

  async function add(tenant: string): Promise<Exam> {
    const settings = changedSettings(null, parseInput(settingsInput, SETTINGS));
    const about = { title: 'Sample exam', duration: 60, isSample: true };
    try {
      return await db.exam.create({ data: { id: newId('exam'), tenant, ...about, ...settings } });
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
        throw new AppError('conflict', 'There is a sample exam already: remove it first');
      throw error;
    }
  }

  /** Everybody comes, and some leave again. */
  async function fill(examId: string, by: string): Promise<void> {
    const { control, messages, participants, presence, submissions } = parts();
    await participants.invite(
      examId,
      PEOPLE.map(({ userId, name, group }) => ({ userId, name, group })),
    );
    for (const { userId, is } of PEOPLE)
      if (is !== 'invited') await participants.join(examId, { userId, checkIn: is === 'checking-in' }, { by: null });
    const begun = idsOf('active', 'paused', 'disconnected', 'submitted', 'timed-out', 'terminated');
    await control.admitAll(examId, begun, { by, reason: null }, null);
    for (const userId of idsOf('checking-in')) await presence.heartbeat({ examId, userId }, 'camera_denied');
    for (const userId of idsOf('paused')) await control.pause(examId, userId, { by, reason: 'A break (sample)' }, null);
    for (const userId of idsOf('terminated')) await control.terminate(examId, userId, { by, reason: 'Left the room (sample)' }, null);
    const handedIn = { stats: JsonText.of({ sample: true }), warnings: [], webcam: null, screen: null, idempotencyKey: null, keeper: null };
    for (const userId of idsOf('submitted')) await submissions.submit(examId, { userId, ...handedIn });
    // The sweeps notice the rest within seconds, as they would of people.
    const long = new Date(Date.now() - 600_000);
    const gone = { sendsHeartbeats: true, lastSeenAt: long };
    await db.participant.updateMany({ where: { examId, userId: { in: idsOf('disconnected') } }, data: gone });
    await db.participant.updateMany({ where: { examId, userId: { in: idsOf('timed-out') } }, data: { endsAt: new Date() } });
    await messages.send(examId, { userId: null, from: 'STAFF', by, text: 'Welcome to the sample exam.' }, null);
    const [, , , dora = ''] = idsOf('active');
    await messages.raiseHand(examId, dora, 'My chair is broken');
  }

  /** @returns whether it was there */
  async function erase(examId: string): Promise<boolean> {
    playing.get(examId)?.();
    return db.$transaction(async (tx) => {
      const locked = await tx.$queryRaw<unknown[]>`SELECT id FROM "Exam" WHERE id = ${examId} AND "isSample" FOR UPDATE`;
      if (locked.length === 0) return false;
      // Triggers see to all other files.
      await tx.$executeRaw`
        INSERT INTO "ObsoleteFile" ("storageKey", since) SELECT "storageKey", now() FROM "Recording" WHERE "examId" = ${examId}
            ON CONFLICT ("storageKey") DO UPDATE SET since = excluded.since`;
      await tx.exam.delete({ where: { id: examId } });
      return true;
    });
  }

  return {
    /**
     * @param by who asked for it
     * @throws AppError `conflict` if the tenant has one
     */
    async create(tenant: string, by: string): Promise<Exam> {
      const { id } = await add(tenant);
      try {
        await fill(id, by);
        await addEvidence(id, { db, eventLog, storage, ffmpeg, ...parts() });
      } catch (error) {
        await erase(id).catch((cause: unknown) => log.error({ err: cause, examId: id }, 'half a sample exam is left'));
        throw error;
      }
      playing.set(
        id,
        startPlay(id, { ...parts(), log }, () => playing.delete(id)),
      );
      return db.exam.findUniqueOrThrow({ where: { id } });
    },

    /** Removes all of it: rows, events and files. @throws AppError `conflict` for an exam that is no sample */
    async remove(examId: string): Promise<void> {
      if (!(await erase(examId))) throw new AppError('conflict', 'Only a sample exam can be removed like this');
    },

    /** Stops all that play here. */
    close(): void {
      for (const stop of playing.values()) stop();
    },
  };
}

export type SampleExams = ReturnType<typeof createSampleExams>;
