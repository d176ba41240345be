import { askJson, openConnection, requestBytes } from './http-client.mjs';

const CANDIDATES = 8;
const KEYS = [
  { role: 'LMS', tenant: 'north', name: 'LMS of the north' },
  { role: 'LMS', tenant: 'south', name: 'LMS of the south' },
  { role: 'PROCTOR', tenant: 'north', name: 'Ada' },
  { role: 'PROCTOR', tenant: 'north', name: 'Bea' },
  { role: 'PROCTOR', tenant: 'south', name: 'Cid' },
];
/** The first three do not change while they are read; in the halls everybody makes changes. */
const EXAMS = [
  { title: 'Algebra, read', tenant: 'north' },
  { title: 'Biology, read', tenant: 'north' },
  { title: 'Chemistry, read', tenant: 'south' },
  { title: 'Hall of the north', tenant: 'north' },
  { title: 'Hall of the south', tenant: 'south' },
];

const tokenIn = (url) => new URL(url).hash.replace('#t=', '');

export const isStaff = ({ role }) => role === 'admin' || role === 'lms' || role === 'proctor';
export const seesExam = ({ role, tenant, examId }, exam) =>
  role !== 'nobody' && (tenant === null || tenant === exam.tenant) && (examId === null || examId === exam.id);
export const seesUser = (viewer, exam, userId) => seesExam(viewer, exam) && (isStaff(viewer) || viewer.userId === userId);

/** The viewers with a token of the exam. */
function bearersOf({ id, tenant, accessUrl, adminUrl, seats }) {
  const bearer = { tenant, examId: id, userId: null };
  return [
    { ...bearer, name: 'proctor link', role: 'proctor', credential: tokenIn(adminUrl) },
    { ...bearer, name: 'access link', role: 'participant', credential: tokenIn(accessUrl) },
    ...seats.map(({ userId, token }) => ({ ...bearer, name: userId, role: 'participant', credential: token, userId })),
  ];
}

/**
 * Two tenants, five exams and more than fifty different viewers. Set up with one request at a time, so that the setup is right
 * even if the server mixes up concurrent requests.
 */
export async function openSchool({ port, token: admin }) {
  const connection = await openConnection(port);
  const post = (path, body, token = admin) => askJson(connection, requestBytes({ method: 'POST', path, token, body }));
  const ask = async (query, variables) => {
    const { data, errors } = await post('/graphql', { query, variables });
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };

  async function seat(examId, userId) {
    const { joinExam } = await ask(
      'mutation ($examId: ID!, $userId: ID!) { joinExam(examId: $examId, userId: $userId) { token participant { id } } }',
      { examId, userId },
    );
    const { warnings } = await post(`/api/exams/${examId}/warnings`, { userId, warnings: [{ type: 'noise' }] });
    const recording = await post('/api/recordings/live', { examId, userId, type: 'webcam' });
    const participantId = joinExam.participant.id;
    return { userId, token: joinExam.token, participantId, warningId: warnings[0].id, recordingId: recording.id };
  }

  try {
    const keys = [];
    for (const key of KEYS) {
      const { createApiKey } = await ask('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }', { input: key });
      const { role, tenant, name } = key;
      keys.push({ name, role: role.toLowerCase(), credential: createApiKey.key, tenant, examId: null, userId: null });
    }
    const exams = [];
    for (const { title, tenant } of EXAMS) {
      const lms = keys.find((key) => key.role === 'lms' && key.tenant === tenant);
      const settings = { aiDetection: { enabled: false }, candidateView: 'live' };
      const { id, accessUrl, adminUrl } = await post('/api/exams', { title, duration: 60, settings }, lms.credential);
      const seats = [];
      // The same user ids in every exam, as an LMS has them: only the exam distinguishes the rows.
      for (let n = 1; n <= CANDIDATES; n++) seats.push(await seat(id, `user_${n}`));
      exams.push({ id, tenant, title, accessUrl, adminUrl, seats });
    }
    const everywhere = { tenant: null, examId: null, userId: null };
    const viewers = [
      { ...everywhere, name: 'admin', role: 'admin', credential: admin },
      ...keys,
      ...exams.flatMap(bearersOf),
      { ...everywhere, name: 'nobody', role: 'nobody', credential: null },
    ];
    return { read: exams.slice(0, 3), halls: exams.slice(3), viewers };
  } finally {
    connection.close();
  }
}
