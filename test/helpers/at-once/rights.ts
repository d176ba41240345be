import { createExam, createKey, join, report, tokenIn } from '../exam.ts';
import { ADMIN_KEY, type TestServer } from '../server.ts';
import type { Viewer as AnyViewer } from './school.ts';

/** What candidates may see of the warnings about themselves, in an exam that goes on. */
type View = 'live' | 'never';

export interface Viewer extends AnyViewer {
  /** Shows only a link. */
  isLink?: true;
  /** The link that it bears was revoked. */
  isRevoked?: true;
}

/** A candidate about whom and from whom there is one of everything, each with words of its own. */
export interface Person {
  userId: string;
  participantId: string;
  warningIds: string[];
  messageId: string;
  /** Occurs in all that was written about or by this person, and in nothing else. */
  mark: string;
  token: string;
  link: string;
  accessUrl: string;
}

export interface Court {
  id: string;
  tenant: string;
  view: View;
  people: Person[];
  broadcastId: string;
  viewers: Viewer[];
}

const readAs = async <T>(response: Promise<Response>): Promise<T> => {
  const answer = await response;
  if (answer.status !== 200) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
};

/** The staff who decide, none of whom a candidate may learn the name of. */
export const SECRET_NAMES = ['Dr. Northcote', 'Dr. Southwell', 'Mx. Console', 'Mx. Linked'];

async function seat(server: TestServer, exam: { id: string; view: View }, n: number, [key, other]: [string, string]): Promise<Person> {
  const { id, view } = exam;
  const userId = `user_${n}`;
  const mark = `<${view} ${id} ${userId}>`;
  const as = (credential: string) => ({ credential });
  const path = `/exams/${id}/participants`;
  const body = { participants: [{ userId, name: mark }] };
  const { participants } = await readAs<{ participants: { accessUrl: string }[] }>(server.post(path, body, as(ADMIN_KEY)));
  const accessUrl = participants[0]?.accessUrl ?? '';
  const token = await join(server, id, userId);
  // As many as the number says, so that a count of somebody else is another number.
  const warnings = await report(
    server,
    id,
    userId,
    Array.from({ length: n }, () => 'noise'),
    token,
  );
  await readAs(server.post(`${path}/${userId}/time`, { minutes: n, reason: mark }, as(key)));
  const message = await readAs<{ id: string }>(server.post(`/exams/${id}/messages`, { userId, text: mark }, as(key)));
  await readAs(server.post(`/exams/${id}/messages`, { text: mark }, as(token)));
  await readAs(server.post(`/messages/${message.id}/read`, {}, as(token)));
  await readAs(server.post(`/exams/${id}/hand`, { text: mark }, as(token)));
  const { version } = await readAs<{ version: string }>(server.rest(`/exams/${id}/notice`, as(token)));
  await readAs(server.post(`/exams/${id}/notice`, { version }, as(token)));
  await readAs(server.post(`/exams/${id}/check-in`, { device: { mark } }, as(token)));
  for (const one of [key, other]) await readAs(server.post(`${path}/${userId}/review`, { status: 'violation', reason: mark }, as(one)));
  await readAs(server.post(`/exams/${id}/contest`, { text: mark }, as(token)));
  const found = await server
    .graphql()
    .request<{ exam: { participant: { id: string } } }>(`{ exam(id: "${id}") { participant(userId: "${userId}") { id } } }`);
  const warningIds = warnings.map((warning) => warning.id);
  return {
    userId,
    participantId: found.exam.participant.id,
    warningIds,
    messageId: message.id,
    mark,
    token,
    link: tokenIn(accessUrl),
    accessUrl,
  };
}

/** An exam in which all has happened that a participant can have, and everybody who may come to its doors. */
export async function openCourt(server: TestServer, tenant: string, view: View, users: number): Promise<Court> {
  const lms = await createKey(server, 'LMS', tenant, SECRET_NAMES[0]);
  const proctor = await createKey(server, 'PROCTOR', tenant, SECRET_NAMES[1]);
  const settings = { aiDetection: { enabled: false }, candidateView: view };
  const exam = await createExam(server, { title: `${view} of ${tenant}`, settings }, lms.key);
  const { id } = exam;
  const shared = tokenIn(exam.adminUrl);
  const named = async () =>
    readAs<{ id: string; url: string }>(server.post(`/exams/${id}/proctor-links`, { name: SECRET_NAMES[3] }, { credential: lms.key }));
  const [linked, revoked] = [await named(), await named()];
  const session = await readAs<{ token: string }>(server.post(`/exams/${id}/console`, { name: SECRET_NAMES[2] }, { credential: shared }));
  const people: Person[] = [];
  for (let n = 1; n <= users; n++) people.push(await seat(server, { id, view }, n, [lms.key, proctor.key]));
  const text = `<${view} ${id} everybody>`;
  const broadcast = await readAs<{ id: string }>(server.post(`/exams/${id}/messages`, { text }, { credential: lms.key }));
  // Everybody but the last has read it.
  for (const { token } of people.slice(0, -1)) await readAs(server.post(`/messages/${broadcast.id}/read`, {}, { credential: token }));
  await readAs(server.post(`/exams/${id}/proctor-links/${revoked.id}/revoke`, {}, { credential: lms.key }));
  const key = { tenant, examId: null, userId: null };
  const bearer = { tenant, examId: id, userId: null };
  const place = `${view} ${tenant}`;
  const viewers: Viewer[] = [
    { ...key, name: `LMS of ${place}`, role: 'lms', credential: lms.key },
    { ...key, name: `proctor of ${place}`, role: 'proctor', credential: proctor.key },
    { ...bearer, name: `shared admin link of ${place}`, role: 'proctor', credential: shared },
    { ...bearer, name: `personal admin link of ${place}`, role: 'proctor', credential: tokenIn(linked.url) },
    { ...bearer, name: `console session of ${place}`, role: 'proctor', credential: session.token },
    { ...bearer, name: `revoked admin link of ${place}`, role: 'nobody', credential: tokenIn(revoked.url), isRevoked: true },
    { ...bearer, name: `access link of ${place}`, role: 'participant', credential: tokenIn(exam.accessUrl), isLink: true },
    ...people.flatMap(({ userId, token, link }): Viewer[] => [
      { ...bearer, name: `${userId} of ${place}`, role: 'participant', credential: token, userId },
      { ...bearer, name: `link of ${userId} of ${place}`, role: 'participant', credential: link, userId, isLink: true },
    ]),
  ];
  return {
    id,
    tenant,
    view,
    people,
    broadcastId: broadcast.id,
    viewers,
  };
}

export const OUTSIDERS: Viewer[] = [
  { name: 'admin', role: 'admin', credential: ADMIN_KEY, tenant: null, examId: null, userId: null },
  { name: 'nobody', role: 'nobody', credential: null, tenant: null, examId: null, userId: null },
];
