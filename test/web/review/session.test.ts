import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../web/proctor/review/model.ts';
import * as ask from '../../../web/proctor/review/operations.ts';
import { createReview } from '../../../web/proctor/review/session.ts';
import type { ProctorConsole } from '../../../web/proctor/session/console.ts';
import { createStore } from '../../../web/shared/store.ts';

type Review = Finding['review'];
interface Question {
  document: unknown;
  variables: { warningIds?: string[] };
  answer(data: object): void;
}

const CONFIRMED = { decision: 'CONFIRMED', reason: null, by: 'Ms One', at: '2026-11-29T10:00:00Z' } as unknown as Review;
const warning = (id: string, review: Review) =>
  ({ id, type: 'noise', timestamp: '2026-11-29T09:00:00Z', endedAt: null, review }) as Finding;

/** A review of two open warnings, `a` and `b`, whose server answers when a test says so. */
async function openReview() {
  const questions: Question[] = [];
  const graphql = (document: unknown, variables: Question['variables']) =>
    new Promise((answer) => void questions.push({ document, variables, answer }));
  const session = createReview(
    {
      api: { graphql },
      root: new URL('https://proctor.example/'),
      examId: 'exam_1',
      store: { asked: () => ({ putWarnings() {}, putPeople() {} }), listen: () => () => {} },
      clock: { now: () => Date.parse('2026-11-29T11:00:00Z') },
      state: createStore({ cutOffSince: null }),
    } as unknown as ProctorConsole,
    'ada',
  );
  const asked = (document: unknown) => questions.filter((question) => question.document === document);
  const answerRead = (question: Question | undefined, reviews: { a: Review; b: Review }) => {
    const warnings = {
      pageInfo: { hasNextPage: false, endCursor: null },
      edges: Object.entries(reviews).map(([id, it]) => ({ node: warning(id, it) })),
    };
    const participant = { warnings, messages: { edges: [] }, timeCredits: [], recordings: [], evidence: [] };
    question?.answer({ exam: { lastSeq: 7, counts: { flagged: { recordings: 0, seconds: 0 } }, participant }, warningRecord: [] });
  };
  const answerDecided = (question: Question | undefined, review: Review = CONFIRMED) =>
    question?.answer({ reviewWarnings: question.variables.warningIds?.map((id) => warning(id, review)) });
  const first = session.read();
  answerRead(asked(ask.ReviewPerson)[0], { a: null, b: null });
  await first;
  const shown = () => session.state.get().person?.warnings.map(({ id, review }) => `${id} ${review?.decision ?? 'open'}`);
  return { session, asked, answerRead, answerDecided, shown };
}

describe('the review of a person', () => {
  it('takes back the newest decision, also if its answer has not come yet', async () => {
    const { session, asked, answerDecided } = await openReview();
    const one = session.decide(['a'], 'CONFIRMED', null);
    answerDecided(asked(ask.ReviewDecide)[0]);
    await one;
    const two = session.decide(['b'], 'CONFIRMED', null);
    const back = session.undo();
    answerDecided(asked(ask.ReviewDecide)[1]);
    await two;
    await expect.poll(() => asked(ask.ReviewReopen).map(({ variables }) => variables.warningIds)).toEqual([['b']]);
    asked(ask.ReviewReopen)[0]?.answer({ reopenWarnings: [warning('b', null)] });
    await back;
  });

  it('shows no answer that was asked for before a decision, and asks again', async () => {
    const { session, asked, answerRead, answerDecided, shown } = await openReview();
    const read = session.read();
    const decided = session.decide(['a'], 'CONFIRMED', null);
    answerDecided(asked(ask.ReviewDecide)[0]);
    await decided;
    answerRead(asked(ask.ReviewPerson)[1], { a: null, b: null });
    await read;
    expect(shown()).toEqual(['a CONFIRMED', 'b open']);
    await expect.poll(() => asked(ask.ReviewPerson).length).toBe(3);
    answerRead(asked(ask.ReviewPerson)[2], { a: CONFIRMED, b: CONFIRMED });
    await expect.poll(shown).toEqual(['a CONFIRMED', 'b CONFIRMED']);
  });

  it('asks again after an answer that came late, which others may have changed meanwhile', async () => {
    const { session, asked, answerRead, answerDecided, shown } = await openReview();
    const decided = session.decide(['a'], 'CONFIRMED', null);
    const read = session.read();
    const dismissed = { ...CONFIRMED, decision: 'DISMISSED', by: 'Mr Two' } as Review;
    answerRead(asked(ask.ReviewPerson)[1], { a: dismissed, b: null });
    await read;
    answerDecided(asked(ask.ReviewDecide)[0]);
    await decided;
    await expect.poll(() => asked(ask.ReviewPerson).length).toBe(3);
    answerRead(asked(ask.ReviewPerson)[2], { a: dismissed, b: null });
    await expect.poll(shown).toEqual(['a DISMISSED', 'b open']);
  });
});
