import { buffer } from 'node:stream/consumers';
import type { Database } from '../../adapters/database/database.ts';
import { renderPdf } from '../../adapters/pdf/render.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import type { Warning } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Counts } from '../reads/counts.ts';
import type { Playback } from '../recordings/playback.ts';
import { SEVERITIES } from '../warnings/catalogue.ts';
import { createExamReports } from './exam-report.ts';
import { createParticipantReports, type ParticipantReport } from './participant-report.ts';
import { MOST_PICTURES, toPdfScript } from './report-pdf.ts';

interface Dependencies {
  db: Database['prisma'];
  storage: Storage;
  evidence: Evidence;
  counts: Counts;
  playback: Playback;
  log: Logger;
}

export interface ParticipantPdf {
  participantId: string;
  bytes: Uint8Array;
}

const hasPicture = ({ hasFrame, recordingId, offsetSeconds }: Warning) => hasFrame || (recordingId !== null && offsetSeconds !== null);
const bySeverity = (a: Warning, b: Warning) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);

/** What staff take away from an exam. */
export function createReports({ db, storage, evidence, counts, playback, log }: Dependencies) {
  const participants = createParticipantReports({ db, evidence });
  const exams = createExamReports({ db, evidence, counts });

  /** A picture that cannot be made, for example because the recording is gone, is left out. */
  async function pictureOf(
    { participant }: ParticipantReport,
    { id, recordingId, offsetSeconds, hasFrame }: Warning,
  ): Promise<Uint8Array | null> {
    try {
      if (hasFrame) {
        const frame = await db.warningFrame.findUnique({ where: { warningId: id } });
        if (frame) return await buffer(storage.read(frame.storageKey));
      }
      const recording = participant.recordings.find((one) => one.id === recordingId);
      if (!recording || offsetSeconds === null || recording.sha256 === '') return null;
      return await buffer(storage.read((await playback.frame(recording, offsetSeconds)).storageKey));
    } catch (error) {
      log.warn({ err: error, warningId: id }, 'the picture of a warning could not be put into a report');
      return null;
    }
  }

  return {
    ofExam: exams.of,
    ofParticipant: participants.of,

    /** The report of one participant as a tagged PDF. @param shown what of the report its reader may see */
    async pdfOf(examId: string, userId: string, shown: (report: ParticipantReport) => ParticipantReport): Promise<ParticipantPdf> {
      const report = shown(await participants.of(examId, userId));
      const pictured = report.participant.warnings.filter(hasPicture).toSorted(bySeverity);
      const pictures = new Map<string, Uint8Array>();
      for (const warning of pictured.slice(0, MOST_PICTURES)) {
        const picture = await pictureOf(report, warning);
        if (picture) pictures.set(warning.id, picture);
      }
      const bytes = await renderPdf(toPdfScript(report, { pictures, hasMorePictures: pictured.length > MOST_PICTURES }));
      return { participantId: report.participant.id, bytes };
    },
  };
}

export type Reports = ReturnType<typeof createReports>;
