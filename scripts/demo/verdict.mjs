import { check, refused, tokenIn } from './api.mjs';
import { say } from './print.mjs';

/** @typedef {import('./sitting.mjs').Stage} Stage */

const REVIEW = `mutation ($examId: ID!, $status: ReviewStatus!, $reason: String) {
  reviewParticipant(examId: $examId, userId: "anna", status: $status, reason: $reason) { review verdicts { status by final } } }`;

/** @param {Stage} stage */
async function review({ api, examId }, proctor, status, reason) {
  return (await api.ask(REVIEW, { examId, status, reason }, proctor)).reviewParticipant;
}

/** @param {Stage} stage */
export async function judgeByTwo(stage, first, second) {
  const reason = 'Several people in the picture';
  const alone = await review(stage, first, 'VIOLATION', reason);
  check(alone.review === 'IN_REVIEW' && !alone.verdicts[0].final, 'one person alone finds no violation');
  say('Verdict', `${alone.verdicts[0].by} sees a violation: the review stays open`);
  await refused(review(stage, first, 'VIOLATION', 'I am sure'), 'CONFLICT', 'a confirmation by the same person');
  const both = await review(stage, second, 'VIOLATION', reason);
  check(both.review === 'VIOLATION', 'two people find a violation');
  say('Verdict', `${both.verdicts.map(({ by }) => by).join(' and ')} agree: it is a violation`);
}

const OWN = `query ($examId: ID!) { exam(id: $examId) { participant(userId: "anna") {
  review warnings(first: 20) { edges { node { type review { by } } } } contest { text answer answeredBy } } } }`;
const CONTEST = 'mutation ($examId: ID!, $text: String!) { contestVerdict(examId: $examId, text: $text) { review } }';

/** The candidate's side, by the personal link alone, and the answer of another person. @param {Stage} stage */
export async function contest(stage, link, other) {
  const { api, examId } = stage;
  const credential = tokenIn(link);
  const read = async () => (await api.ask(OWN, { examId }, credential)).exam.participant;
  const before = await read();
  check(before.review === 'VIOLATION' && before.contest === null, 'Anna reads the verdict');
  check(before.warnings.edges.length > 2, 'after the exam Anna reads the warnings about herself');
  say('Anna reads', `${before.review.toLowerCase()}, and ${before.warnings.edges.length} warnings about herself`);

  const text = 'My family came in by mistake, and left.';
  const { contestVerdict } = await api.ask(CONTEST, { examId, text }, credential);
  check(contestVerdict.review === 'CONTESTED', 'the verdict is contested');
  say('Contest', `Anna writes: ${text}`);
  await refused(api.ask(CONTEST, { examId, text: 'Once more' }, credential), 'CONFLICT', 'a second contest');

  const answered = await review(stage, other, 'OVERTURNED', 'The sound of the recording confirms it. We are sorry.');
  check(answered.review === 'OVERTURNED', 'another person overturns the verdict');
  const after = await read();
  check(after.review === 'OVERTURNED' && after.contest.answer.includes('sorry'), 'Anna reads the answer');
  check(after.contest.answeredBy === 'staff', 'Anna does not read who answered');
  say('Anna reads', `${after.review.toLowerCase()}: ${after.contest.answer} (${after.contest.answeredBy})`);
}
