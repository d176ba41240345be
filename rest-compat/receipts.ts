import { presentReceiptRecordings, readReceipt } from '../src/resolvers/receipts.ts';
import * as answers from './answers/submissions.ts';
import { nothing, ofParticipant } from './params.ts';
import { get, type Route } from './route.ts';

/** Not in the documented API. */
export const receiptRoutes: Route[] = [
  get({
    path: '/exams/:examId/participants/:userId/receipt',
    summary: 'Returns what the server has received of a participant who has submitted, signed.',
    params: ofParticipant,
    query: nothing,
    answer: answers.receipt,
    async run({ ctx, path }) {
      const receipt = await readReceipt(ctx, path);
      return { ...receipt, recordings: presentReceiptRecordings(receipt.recordings) };
    },
  }),
];
