import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import type { Ffmpeg } from '../../adapters/media/ffmpeg.ts';
import { drawSample, filmSample, type SampleView } from '../../adapters/media/sample-film.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { SpooledFile, Storage } from '../../adapters/storage/storage.ts';
import { shrinkPicture } from '../../adapters/vision/shrink-picture.ts';
import type { Recording, RecordingType } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { announceFile, keepFiles, removeUnnamed } from '../obsolete-files.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { NewWarning } from '../warnings/rows.ts';
import { addWarnings, type Warnings } from '../warnings/warnings.ts';
import { RECORDED } from './sample-people.ts';

const SECONDS = 20;
const WIDTH = 320;

interface Where {
  db: Database['prisma'];
  eventLog: EventLog;
  storage: Storage;
  ffmpeg: Ffmpeg;
  recordings: Recordings;
  warnings: Warnings;
}

/** What a detector would have said of the films. */
const FINDINGS: readonly { type: string; details: string; from: number; to: number; confidence: number; view: SampleView }[] = [
  { type: 'looking_away', details: 'Looked away for 4 s (sample)', from: 3, to: 7, confidence: 0.71, view: 'webcam' },
  { type: 'phone_usage', details: 'A phone was seen for 5 s (sample)', from: 9, to: 14, confidence: 0.83, view: 'webcam' },
  { type: 'no_face', details: 'No face was seen for 3 s (sample)', from: 15, to: 18, confidence: 0.92, view: 'webcam' },
];

/** Recordings of two people with warnings that they show, and signals of others. */
export async function addEvidence(examId: string, where: Where): Promise<void> {
  const films = {
    WEBCAM: await filmSample(where.ffmpeg.path, 'webcam', SECONDS),
    SCREEN: await filmSample(where.ffmpeg.path, 'screen', SECONDS),
  };
  for (const userId of RECORDED) {
    const webcam = await addFilm(where, { examId, userId, type: 'WEBCAM' }, films.WEBCAM);
    await addFilm(where, { examId, userId, type: 'SCREEN' }, films.SCREEN);
    await addFindings(where, webcam);
    const signals = ['tab_switch', 'fullscreen_exit'].map((type) => ({ type, details: 'Reported by the page (sample)' }));
    await where.warnings.report({ examId, userId, source: 'CLIENT', warnings: signals, keeper: null });
  }
}

async function addFilm(
  { db, storage, recordings }: Where,
  about: { examId: string; userId: string; type: RecordingType },
  bytes: Buffer,
): Promise<Recording> {
  await using scope = createSpoolScope(storage);
  const file = await scope.spool(Readable.from([bytes], { objectMode: false }), { maxBytes: bytes.length });
  const recording = await recordings.upload(about, await recordings.check(file, 'file'));
  return db.recording.update({ where: { id: recording.id }, data: { startedAt: new Date(Date.now() - SECONDS * 1_000) } });
}

async function addFindings(
  { db, eventLog, storage }: Where,
  { id: recordingId, examId, participantId, createdAt }: Recording,
): Promise<void> {
  const began = createdAt.getTime() - SECONDS * 1_000;
  const frames: { warningId: string; storageKey: string; file: SpooledFile }[] = [];
  try {
    const rows: NewWarning[] = [];
    for (const { from, to, view, ...about } of FINDINGS) {
      const id = newId('warn');
      frames.push(await keepPicture({ db, storage }, id, await shrinkPicture(drawSample(view, from), WIDTH)));
      const times = { timestamp: new Date(began + from * 1_000), endedAt: new Date(began + to * 1_000), offsetSeconds: from };
      rows.push({ id, ...about, ...times, recordingId, hasFrame: true });
    }
    await eventLog.append(examId, async (draft) => {
      const participant = await draft.tx.participant.findUniqueOrThrow({ where: { id: participantId } });
      await addWarnings(draft, participant, 'ANALYSIS', rows);
      await draft.tx.warningFrame.createMany({
        data: frames.map(({ warningId, storageKey, file: { size, sha256 } }) => ({ warningId, storageKey, size, sha256 })),
      });
      await keepFiles(
        draft.tx,
        frames.map(({ storageKey }) => storageKey),
      );
    });
  } catch (error) {
    await removeUnnamed(
      { db, storage },
      frames.map(({ storageKey }) => storageKey),
    );
    throw error;
  }
}

async function keepPicture({ db, storage }: Pick<Where, 'db' | 'storage'>, warningId: string, image: Buffer) {
  await using scope = createSpoolScope(storage);
  const file = await scope.spool(Readable.from([image], { objectMode: false }), { maxBytes: image.length });
  const storageKey = `${warningId}.jpg`;
  await announceFile(db, storageKey, 'picture');
  await scope.commit(file, storageKey);
  return { warningId, storageKey, file };
}
