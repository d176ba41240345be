import { setTimeout as delay } from 'node:timers/promises';
import { check, refused, tokenIn } from './api.mjs';
import { clock, say } from './print.mjs';

/** What happens from the invitation to the last minute, as candidates and proctors do it. */

const SEAT = 'userId name status endsAt remainingSeconds timeCredits { minutes reason by }';
const ROSTER = [
  ['userId', 'name', 'extraMinutes', 'group'],
  ['anna', 'Anna Example', '', 'Room A'],
  ['ben', 'Ben Example', '15', 'Room A'],
  ['cleo', 'Cleo Example', '', 'Room B'],
];

/** How long a page stays away once the server has noticed: the ledger names gaps of three seconds and more. */
const AWAY_MS = 4_000;

/** @typedef {{ api: import('./api.mjs').Api, examId: string, feed: ReturnType<typeof import('./console.mjs').watch> }} Stage */

/** The participant as staff see it. @param {Stage} stage */
export async function seatOf({ api, examId }, userId, fields = SEAT) {
  const { exam } = await api.ask(
    `query ($examId: ID!, $userId: ID!) { exam(id: $examId) { participant(userId: $userId) { ${fields} } } }`,
    {
      examId,
      userId,
    },
  );
  return exam.participant;
}

/** Sends the roster as a spreadsheet saves it. @param {Stage} stage @returns the personal links by user id */
export async function invite({ api, examId }) {
  const { participants } = await api.send(
    'POST',
    `/exams/${examId}/participants`,
    'text/csv',
    ROSTER.map((row) => row.join(',')).join('\n'),
  );
  check(participants.length === ROSTER.length - 1, 'every line of the roster is a participant');
  check(participants.find(({ id }) => id === 'ben').extraMinutes === 15, 'Ben has 15 extra minutes');
  say('Roster', `${participants.map(({ name }) => name).join(', ')}, each with a personal link`);
  return Object.fromEntries(participants.map(({ id, accessUrl }) => [id, accessUrl]));
}

/** @param {Stage} stage @returns the credential of a named proctor */
export async function nameProctor({ api, examId }, name) {
  const { createProctorLink: link } = await api.ask(
    'mutation ($examId: ID!, $name: String!) { createProctorLink(examId: $examId, name: $name) { name url } }',
    { examId, name },
  );
  const { me } = await api.ask('{ me { role name examId } }', {}, tokenIn(link.url));
  check(me.role === 'PROCTOR' && me.name === name && me.examId === examId, `the link of ${name} opens this exam in that name`);
  say('Proctor', `${name}, by a personal link for this exam`);
  return tokenIn(link.url);
}

const JOIN = `mutation ($examId: ID!, $userId: ID!) {
  joinExam(examId: $examId, userId: $userId, checkIn: true) { token participant { status } } }`;

/** Takes a seat by its personal link. @param {Stage} stage @returns {Promise<{ token: string, participant: { status: string } }>} */
export async function join({ api, examId }, userId, link) {
  return (await api.ask(JOIN, { examId, userId }, tokenIn(link))).joinExam;
}

/** From the personal link to the waiting room. @param {Stage} stage @returns the candidate's token */
export async function checkIn(stage, userId, link) {
  const { api, examId } = stage;
  const { token, participant } = await join(stage, userId, link);
  check(participant.status === 'CHECKING_IN', `${userId} checks in after joining, but is ${participant.status}`);
  const { exam } = await api.ask('query ($examId: ID!) { exam(id: $examId) { notice { version text } } }', { examId }, token);
  await api.ask(
    'mutation ($examId: ID!, $version: String!) { acceptNotice(examId: $examId, version: $version) { userId } }',
    { examId, version: exam.notice.version },
    token,
  );
  const { checkIn: waiting } = await api.ask(
    'mutation ($examId: ID!, $device: JSON!) { checkIn(examId: $examId, device: $device) { status checkIn { noticeAcceptedAt } } }',
    { examId, device: { browser: 'Demonstration' } },
    token,
  );
  check(waiting.status === 'WAITING' && waiting.checkIn.noticeAcceptedAt, `${userId} waits, with the notice accepted`);
  return token;
}

/** @param {Stage} stage */
export async function admitAll({ api, examId }, proctor) {
  const { admitParticipants: all } = await api.ask(
    'mutation ($examId: ID!) { admitParticipants(examId: $examId) { userId status remainingSeconds } }',
    { examId },
    proctor,
  );
  check(all.length === 3 && all.every(({ status }) => status === 'ACTIVE'), 'all three were admitted');
  for (const { userId, remainingSeconds } of all) say('Admitted', `${userId}, who has ${clock(remainingSeconds)} minutes`);
}

/** @param {Stage} stage */
export async function pauseAndResume(stage, proctor) {
  const { api, examId } = stage;
  const { pauseParticipants: paused } = await api.ask(
    `mutation ($examId: ID!, $reason: String!) { pauseParticipants(examId: $examId, reason: $reason) { ${SEAT} } }`,
    { examId, reason: 'Fire drill' },
    proctor,
  );
  check(
    paused.length === 3 && paused.every(({ status, endsAt }) => status === 'PAUSED' && endsAt === null),
    'the clocks of all three stand',
  );
  const { resumeParticipants: resumed } = await api.ask(
    `mutation ($examId: ID!) { resumeParticipants(examId: $examId) { ${SEAT} } }`,
    { examId },
    proctor,
  );
  for (const seat of resumed) {
    const before = paused.find(({ userId }) => userId === seat.userId);
    check(seat.status === 'ACTIVE', `${seat.userId} goes on`);
    check(before.remainingSeconds - seat.remainingSeconds <= 2, `the pause cost ${seat.userId} no time`);
  }
  say('Pause', 'all were paused and went on, with the time that they had');
}

/** @param {Stage} stage */
export async function addTime(stage, proctor) {
  const before = await seatOf(stage, 'anna');
  const { addTime: after } = await stage.api.ask(
    `mutation ($examId: ID!) { addTime(examId: $examId, userId: "anna", minutes: 10, reason: "Came late from the fire drill") { ${SEAT} } }`,
    { examId: stage.examId },
    proctor,
  );
  check(Date.parse(after.endsAt) - Date.parse(before.endsAt) === 600_000, "Anna's time ends ten minutes later");
  say('Time', `Anna has 10 minutes more, by ${after.timeCredits[0].by}`);
}

const SEND = `mutation ($examId: ID!, $userId: ID, $text: String!) {
  sendMessage(examId: $examId, userId: $userId, text: $text) { id userId by readAt } }`;
const READ = 'mutation ($id: ID!) { markMessageRead(messageId: $id) { id by readAt } }';

/** @param {Stage} stage */
export async function talk(stage, proctor, anna) {
  const { api, examId, feed } = stage;
  const to = async (variables, credential) => (await api.ask(SEND, { examId, ...variables }, credential)).sendMessage;
  const read = async ({ id }, credential) => (await api.ask(READ, { id }, credential)).markMessageRead;
  await to({ text: 'The fire drill is over. Please go on.' }, proctor);
  const asked = await to({ userId: 'anna', text: 'Please move closer to the camera.' }, proctor);
  const seen = await read(asked, anna);
  check(seen.readAt && seen.by === 'staff', 'Anna reads the message, and not who of the staff wrote it');
  const answer = await to({ text: 'Is it better like this?' }, anna);
  check(answer.userId === 'anna', 'an answer goes to staff in the name of the candidate');
  check((await read(answer, proctor)).readAt, "Anna's answer is marked as read");

  const { raiseHand } = await api.ask(
    'mutation ($examId: ID!) { raiseHand(examId: $examId, text: "May I go to the bathroom?") { handRaised handText } }',
    { examId },
    anna,
  );
  check(raiseHand.handRaised, "Anna's hand is raised");
  const { lowerHand } = await api.ask(
    'mutation ($examId: ID!) { lowerHand(examId: $examId, userId: "anna") { handRaised } }',
    { examId },
    proctor,
  );
  check(!lowerHand.handRaised, "a proctor lowers Anna's hand");
  await feed.catchUp();
}

/** @param {Stage} stage */
export async function reportSignals({ api, examId, feed }, tokens) {
  const report = (userId, warnings) => api.post(`/exams/${examId}/warnings`, { warnings }, tokens[userId]);
  await report('anna', [{ type: 'tab_switch', details: 'Switched to another tab' }, { type: 'window_blur' }]);
  await report('cleo', [{ type: 'fullscreen_exit', details: 'Left full-screen mode' }]);
  await report('cleo', [{ type: 'extra_display', details: 'A second display was connected' }]);
  await feed.catchUp();
  const { exam } = await api.ask(
    'query ($examId: ID!) { exam(id: $examId) { participant(userId: "anna") { warningCount } } }',
    { examId },
    tokens.anna,
  );
  check(exam.participant.warningCount === 0, 'during the exam Anna sees no warnings');
}

/** A page that sends heartbeats, falls silent and comes back. @param {Stage} stage */
export async function loseConnection(stage, token) {
  const { api, examId, feed } = stage;
  const beat = async () =>
    (await api.ask('mutation ($examId: ID!) { heartbeat(examId: $examId) { status serverTime remainingSeconds } }', { examId }, token))
      .heartbeat;
  check((await beat()).status === 'ACTIVE', 'Ben is in the exam');
  const since = feed.position();
  say('Outage', "Ben's page falls silent; the server waits for PRESENCE_GRACE_SECONDS (usually 30) …");
  await feed.untilStatus('ben', 'DISCONNECTED', since);
  const { outageSeconds, ...gone } = await seatOf(stage, 'ben', `${SEAT} outageSeconds`);
  check(gone.status === 'DISCONNECTED' && outageSeconds > 0, 'Ben is shown as disconnected, and the outage is measured');
  await delay(AWAY_MS);
  check((await beat()).status === 'ACTIVE', 'Ben is back in the exam with the first heartbeat');
  await feed.untilStatus('ben', 'ACTIVE', since);
  const { timeCredits } = await seatOf(stage, 'ben');
  check(timeCredits.length === 1 && timeCredits[0].by === 'system', 'the server credits what it measured');
  const [{ minutes, reason }] = timeCredits;
  check(minutes * 60_000 >= AWAY_MS && minutes <= 5, 'the credit is what was lost, at most five minutes');
  say('Credit', `${(minutes * 60).toFixed(1)} s for Ben, by the server itself: ${reason}`);
}

/** @param {Stage} stage @returns the token of the second seat */
export async function sendOutAndReadmit(stage, proctor, link) {
  const { api, examId } = stage;
  const { terminateParticipant } = await api.ask(
    'mutation ($examId: ID!) { terminateParticipant(examId: $examId, userId: "cleo", reason: "A phone on the desk") { status endsAt } }',
    { examId },
    proctor,
  );
  check(terminateParticipant.status === 'TERMINATED', 'Cleo is out');
  say('Sent out', `Cleo, whose link now says: ${await refused(join(stage, 'cleo', link), 'CONFLICT', 'joining after a termination')}`);
  const { readmitParticipant } = await api.ask(
    'mutation ($examId: ID!) { readmitParticipant(examId: $examId, userId: "cleo", reason: "It was a calculator") { participant { status } } }',
    { examId },
    proctor,
  );
  check(readmitParticipant.participant.status === 'ACTIVE', 'Cleo is in again');
  const { token, participant } = await join(stage, 'cleo', link);
  check(participant.status === 'ACTIVE', 'the personal link takes the seat again after the readmission');
  await refused(join(stage, 'cleo', link), 'CONFLICT', 'a third browser with the same link');
  say('Readmitted', 'Cleo, by the personal link, once more');
  return token;
}

const SUBMIT = `mutation ($examId: ID!, $input: SubmitExamInput!) { submitExam(examId: $examId, input: $input) { id userId } }`;

/** @param {Stage} stage */
export async function submit({ api, examId }, token) {
  const { submitExam } = await api.ask(SUBMIT, { examId, input: { stats: { answered: 20 } } }, token);
  say('Submitted', submitExam.userId);
}
