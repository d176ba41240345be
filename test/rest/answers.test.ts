import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { file } from '../../rest-compat/answers/parts.ts';
import { routes } from '../../rest-compat/routes.ts';
import { checkedRoutes } from '../helpers/documented.ts';
import { createExam, join, report, tokenIn } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { finishLive, putChunk, recorded, startLive } from '../helpers/live.ts';
import { film, pictures, tempDir } from '../helpers/media.ts';
import { eventually } from '../helpers/patience.ts';
import { runSql } from '../helpers/postgres.ts';
import { form, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { snap } from '../helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const ok = async (answer: Promise<Response>) => {
  const response = await answer;
  expect(response.status, await response.clone().text()).toBe(200);
};

// Films, joins and compares faces, on a machine that may be busy.
it('every route answers exactly what it declares', async () => {
  const { id: examId } = await createExam(server, { settings: { calculator: true, aiDetection: { enabled: false } } });
  const token = await join(server, examId, 'user_1');
  const warnings = [{ type: 'tab_switch', details: 'x' }];
  await report(server, examId, 'user_1', ['noise']);
  await ok(server.rest('/time', { credential: null }));
  await ok(server.rest('/exams'));
  const { id: other } = await createExam(server);
  for (const move of ['start', 'end']) await ok(server.rest(`/exams/${other}/${move}`, { method: 'POST' }));
  const { id: unwanted } = await createExam(server);
  await ok(server.rest(`/exams/${unwanted}/cancel`, { method: 'POST' }));
  await ok(server.rest(`/exams/${examId}`));
  await ok(server.post(`/exams/${examId}`, { title: 'Another', contentUrl: 'https://lms.example' }, { method: 'PATCH' }));
  await ok(server.rest(`/exams/${examId}/warnings`));
  await ok(server.rest(`/exams/${examId}/participants?status=active&limit=1`));
  await ok(server.rest(`/exams/${examId}/participants/user_1`));
  await ok(server.rest(`/exams/${examId}/heartbeat`, { method: 'POST', credential: token }));
  const granted = { suppress: ['talking'], reason: 'reads aloud' };
  await ok(server.post(`/exams/${examId}/participants/user_1/accommodations`, granted, { method: 'PUT' }));

  await ok(server.rest('/me', { credential: null }));
  const { id: proctored, adminUrl } = await createExam(server);
  const link = await server.post(`/exams/${proctored}/proctor-links`, { name: 'Jane Doe' });
  const { id: linkId } = (await link.clone().json()) as { id: string };
  await ok(Promise.resolve(link));
  await ok(server.rest(`/exams/${proctored}/proctor-links/${linkId}/revoke`, { method: 'POST' }));
  await ok(server.post(`/exams/${proctored}/console`, { name: 'Jane Doe' }, { credential: tokenIn(adminUrl) }));
  await ok(server.post(`/exams/${examId}/participants/user_1/review`, { status: 'suspicious', reason: 'A phone' }));
  await ok(server.post(`/exams/${examId}/contest`, { text: 'A calculator' }, { credential: token }));
  const [seen] = await report(server, examId, 'user_1', ['books']);
  await ok(server.post(`/exams/${examId}/warnings/review`, { warningIds: [seen?.id], decision: 'confirmed' }));

  const reason = { reason: 'A fire alarm' };
  const { id: run } = await createExam(server, { opensAt: '2026-01-01T00:00:00Z', closesAt: '2099-01-01T00:00:00Z' });
  await join(server, run, 'user_1');
  await ok(server.post(`/exams/${run}/participants/user_1/pause`, reason));
  await ok(server.post(`/exams/${run}/participants/user_1/resume`, {}));
  await ok(server.post(`/exams/${run}/participants/user_1/time`, { ...reason, minutes: 5 }));
  await ok(server.post(`/exams/${run}/participants/user_1/terminate`, reason));
  await ok(server.post(`/exams/${run}/participants/user_1/readmit`, reason));
  await server.post(`/exams/${run}`, { settings: { admission: 'proctor' } }, { method: 'PATCH' });
  await join(server, run, 'user_2');
  await join(server, run, 'user_3');
  await ok(server.post(`/exams/${run}/participants/user_2/admit`, {}));
  await ok(server.post(`/exams/${run}/admit`, {}));
  const { token: own } = (await (await server.post(`/exams/${run}/participants/user_1/readmit`, reason)).json()) as { token: string };
  await ok(server.post(`/exams/${run}/hand`, { text: 'May I?' }, { credential: own }));
  await ok(server.post(`/exams/${run}/hand/lower`, {}, { credential: own }));
  const sent = server.post(`/exams/${run}/messages`, { userId: 'user_1', text: 'Yes' });
  await ok(sent.then((answer) => answer.clone()));
  const { id: messageId } = (await (await sent).json()) as { id: string };
  await ok(server.rest(`/messages/${messageId}/read`, { method: 'POST', credential: own }));
  await ok(server.rest(`/exams/${run}/messages`));
  await ok(server.post(`/exams/${run}/pause`, reason));
  await ok(server.post(`/exams/${run}/resume`, {}));
  await ok(server.post(`/exams/${run}/time`, { ...reason, minutes: 5 }));

  const path = joinPath(tempDir(), 'webcam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds: 1 }], []);
  await ok(snap(server, examId, await readFile(pictures.oneFace.file), token));
  const [seated] = await runSql<{ id: string }>(server, 'SELECT id FROM "Participant" WHERE "examId" = $1', [examId]);
  await eventually(() => ok(server.rest(`/participants/${seated?.id}/snapshot`)));
  const { id: recordingId } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
  await ok(server.rest(`/recordings/${recordingId}`));
  await runSql(server, `UPDATE "Recording" SET status = 'FAILED', error = 'for a test' WHERE id = $1`, [recordingId]);
  await ok(server.rest(`/recordings/${recordingId}`));
  await ok(server.rest(`/recordings/${recordingId}/retry`, { method: 'POST' }));

  const live = await startLive(server, { examId, userId: 'user_1', type: 'screen' });
  await ok(putChunk(server, live.id, 0, await recorded(1)));
  await ok(finishLive(server, live.id));
  const submission = await form({ userId: 'user_1', stats: '{}', warnings: JSON.stringify(warnings), webcam: { path } });
  await ok(server.rest(`/exams/${examId}/submit`, { method: 'POST', body: submission }));

  await ok(server.post(`/exams/${run}/participants`, { participants: [{ userId: 'user_9', name: 'Nine' }] }));
  await ok(server.rest(`/exams/${run}/report.json`));
  await ok(server.rest(`/exams/${run}/participants/user_1/report.json`));
  const { id: early } = await createExam(server, { settings: { identityPhoto: true } });
  const candidate = await join(server, early, 'user_1');
  const { version } = (await (await server.rest(`/exams/${early}/notice`)).json()) as { version: string };
  await ok(server.rest(`/exams/${early}/notice`));
  await ok(server.post(`/exams/${early}/notice`, { version }, { credential: candidate }));
  const portrait = new FormData();
  portrait.set('device', '{}');
  portrait.set('photo', new Blob([await faces.one()]), 'a.jpg');
  await ok(server.rest(`/exams/${early}/check-in`, { method: 'POST', credential: candidate, body: portrait }));
  const comparison = { method: 'POST', credential: candidate, headers: { 'content-type': 'image/jpeg' }, body: await faces.one() };
  await ok(server.rest(`/exams/${early}/verify`, comparison));
  await ok(server.rest(`/exams/${early}/check-picture`, comparison));
  await ok(server.rest(`/exams/${examId}/participants/user_1/receipt`));

  const image = (await readFile(pictures.oneFace.file)).toString('base64');
  await ok(server.post('/verify/user', { userId: 'user_1', referenceImage: image, verificationImage: image }));

  const withJson = routes.filter(({ answer }) => answer !== file).map((route) => `${route.method} ${route.path}`);
  expect([...checkedRoutes].toSorted()).toEqual(withJson.toSorted());
});
