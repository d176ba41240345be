import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { SpooledFile, Storage } from '../../adapters/storage/storage.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { announceFile, keepFiles, removeUnnamed } from '../obsolete-files.ts';
import { addWarnings, endWarnings, resumeWarnings } from '../warnings/warnings.ts';
import { GAP } from './gap.ts';
import type { Change, StateStore } from './state-store.ts';
import type { Closed, Step } from './state.ts';

interface Dependencies {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  store: StateStore;
  log: Logger;
}

interface StoredFrame {
  warningId: string;
  storageKey: string;
  file: SpooledFile;
}

/** @param type of the warning; gaps are reported by the server itself */
export const sourceOf = (type: string) => (type === GAP ? 'SYSTEM' : 'ANALYSIS');

export const toEnded = ({ endedAt, ...closed }: Closed) => ({ ...closed, endedAt: new Date(endedAt) });

/** Stores what starts and ends with a snapshot in one transaction: warnings, their pictures and the state of the participant. */
export function createRecorder({ db, eventLog, storage, store, log }: Dependencies) {
  /** The warning matters more than its picture: if there is no room, it is stored without one. */
  async function keep(warningId: string, image: Uint8Array): Promise<StoredFrame | null> {
    try {
      await using scope = createSpoolScope(storage);
      const file = await scope.spool(Readable.from([image], { objectMode: false }), { maxBytes: image.length });
      const storageKey = `${warningId}.jpg`;
      await announceFile(db, storageKey, 'picture');
      await scope.commit(file, storageKey);
      return { warningId, storageKey, file };
    } catch (error) {
      log.error({ err: error, warningId }, 'the picture of a warning could not be stored');
      return null;
    }
  }

  const removeFrames = (frames: readonly StoredFrame[]) =>
    removeUnnamed(
      { db, storage },
      frames.map(({ storageKey }) => storageKey),
    );

  const findReviewed = ({ warning }: Pick<Prisma.TransactionClient, 'warning'>, { resumed }: Step) =>
    warning.findMany({
      where: { id: { in: resumed.map(({ warningId }) => warningId) }, reviewDecision: { not: null } },
      select: { id: true },
    });

  /** A decision was about what had been seen until then: what lasts again after it is another warning, on which somebody must decide. */
  async function partFromReviewed(step: Step): Promise<void> {
    if (step.resumed.length === 0) return;
    for (const { id } of await findReviewed(db, step)) {
      const [again] = step.resumed.splice(
        step.resumed.findIndex(({ warningId }) => warningId === id),
        1,
      );
      const track = again && step.state.tracks[again.type];
      if (!again || !track) continue;
      const warningId = newId('warn');
      Object.assign(track, { warningId, since: again.since });
      step.opened.push({ ...again, warningId });
    }
  }

  /** @returns false if nothing was stored, because the row has changed, or somebody has just decided on what would go on. */
  const append = (change: Change, step: Step, frames: readonly StoredFrame[]) =>
    eventLog.append(change.examId, async (draft) => {
      const { opened, closed, resumed } = step;
      if (resumed.length > 0 && (await findReviewed(draft.tx, step)).length > 0) return false;
      if (!(await store.writeWithin(draft.tx, change))) return false;
      const participant = await draft.tx.participant.findUniqueOrThrow({ where: { id: change.participantId } });
      await endWarnings(draft, participant.userId, closed.map(toEnded));
      await resumeWarnings(draft, participant.userId, resumed);
      for (const { warningId: id, type, since, details, confidence } of opened) {
        const hasFrame = frames.some(({ warningId }) => warningId === id);
        const warning = { id, type, details, timestamp: new Date(since), hasFrame, ...(confidence !== null && { confidence }) };
        await addWarnings(draft, participant, sourceOf(type), [warning]);
      }
      const rows = frames.map(({ warningId, storageKey, file: { size, sha256 } }) => ({ warningId, storageKey, size, sha256 }));
      if (rows.length === 0) return true;
      await draft.tx.warningFrame.createMany({ data: rows });
      await keepFiles(
        draft.tx,
        rows.map(({ storageKey }) => storageKey),
      );
      return true;
    });

  /**
   * @param image the snapshot at which the warnings start
   * @returns false if nothing was stored, because another server changed the row, somebody decided meanwhile or the participant has left.
   */
  return async function record(change: Change, step: Step, image: Uint8Array | null): Promise<boolean> {
    await partFromReviewed(step);
    const pictured = image ? step.opened.filter(({ type }) => type !== GAP) : [];
    const frames: StoredFrame[] = [];
    for (const { warningId } of pictured) {
      // Before the transaction: a bucket is slow, and the exam's log must not wait for it.
      const frame = image && (await keep(warningId, image));
      if (frame) frames.push(frame);
    }
    try {
      const isDone = await append(change, step, frames);
      if (!isDone) await removeFrames(frames);
      return isDone;
    } catch (error) {
      // A commit whose answer was lost may still have happened.
      await removeFrames(frames).catch((cause) => log.error({ err: cause }, 'pictures without a warning may be left in storage'));
      throw error;
    }
  };
}
