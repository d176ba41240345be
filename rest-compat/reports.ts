import type { ServerResponse } from 'node:http';
import { examCsv, examReport, participantPdf, participantReport } from '../src/resolvers/reports.ts';
import { file } from './answers/parts.ts';
import * as answers from './answers/reports.ts';
import { nothing, ofExam, ofParticipant } from './params.ts';
import { presentExamReport, presentParticipantReport } from './present-reports.ts';
import { get, type Route } from './route.ts';

/** Not kept by anybody on the way: it is about a person. */
function send(res: ServerResponse, body: string | Uint8Array, { type, filename }: { type: string; filename: string }): void {
  res
    .writeHead(200, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'content-disposition': `attachment; filename="${filename}"`,
      'cache-control': 'no-store',
    })
    .end(body);
}

/** Results of an exam, for staff. Not in the documented API. */
export const reportRoutes: Route[] = [
  get({
    path: '/exams/:examId/report.json',
    summary: 'Returns the results of an exam: a line per participant.',
    params: ofExam,
    query: nothing,
    answer: answers.examReport,
    run: async ({ ctx, path: { examId } }) => presentExamReport(await examReport(ctx, examId)),
  }),
  get({
    path: '/exams/:examId/report.csv',
    summary: 'Sends the results of an exam as CSV for spreadsheets: a line per participant.',
    params: ofExam,
    query: nothing,
    answer: file,
    async run({ ctx, res, path: { examId } }) {
      send(res, await examCsv(ctx, examId), { type: 'text/csv; charset=utf-8', filename: `${examId}.csv` });
    },
  }),
  get({
    path: '/exams/:examId/participants/:userId/report.json',
    summary: 'Returns everything about a participant: clock, evidence, warnings with their reviews, verdicts.',
    params: ofParticipant,
    query: nothing,
    answer: answers.participantReport,
    run: async ({ ctx, path }) => presentParticipantReport(ctx, await participantReport(ctx, path)),
  }),
  get({
    path: '/exams/:examId/participants/:userId/report.pdf',
    summary: 'Sends the same as a document, with the pictures of the warnings.',
    params: ofParticipant,
    query: nothing,
    answer: file,
    async run({ ctx, res, path }) {
      const { participantId, bytes } = await participantPdf(ctx, path);
      send(res, bytes, { type: 'application/pdf', filename: `${participantId}.pdf` });
    },
  }),
];
