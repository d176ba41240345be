import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { tempDir } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const get = (path: string, credential?: string) => server.rest(path, credential ? { credential } : {});
const review = (examId: string, userId: string, status: string, reason: string, credential: string) =>
  server.post(`/exams/${examId}/participants/${userId}/review`, { status, reason }, { credential });

/** An exam with results: one found by two people, one of whom nothing is known. */
async function held() {
  const { id } = await createExam(server, { title: 'Algèbre', settings: { candidateView: 'live' } });
  await server.post(`/exams/${id}/participants`, {
    participants: [
      { userId: 'user_1', name: 'محمد علي', group: 'Room A', extraMinutes: 10 },
      { userId: 'user_2', name: '=HYPERLINK("http://evil.example")' },
    ],
  });
  const token = await join(server, id, 'user_1');
  await report(server, id, 'user_1', ['phone_usage', 'window_blur'], token);
  await server.post(`/exams/${id}/participants/user_1/time`, { minutes: 5, reason: 'Fire alarm' });
  await server.post(`/exams/${id}/submit`, { stats: {} }, { credential: token });
  const [one, two] = [await createKey(server, 'PROCTOR', 'default', 'Ms One'), await createKey(server, 'PROCTOR', 'default', 'Mr Two')];
  await review(id, 'user_1', 'violation', 'A phone', one.key);
  await review(id, 'user_1', 'violation', 'I agree', two.key);
  await server.post(`/exams/${id}/contest`, { text: 'It was a calculator' }, { credential: token });
  return { id, token };
}

describe('the report of an exam', () => {
  it('has a line per participant, as JSON and as CSV that no spreadsheet takes for formulas', async () => {
    const { id } = await held();
    const asJson = (await (await get(`/exams/${id}/report.json`)).json()) as { participants: object[] };
    expect(asJson.participants).toMatchObject([
      { userId: 'user_2', status: 'invited', verdict: null, contested: false, coverage: { webcam: null, screen: null } },
      {
        userId: 'user_1',
        name: 'محمد علي',
        status: 'submitted',
        creditedMinutes: 5,
        warnings: { low: 1, medium: 1, unreviewed: 2 },
        review: 'contested',
        verdict: { status: 'violation', reason: 'I agree', by: 'Mr Two' },
        contested: true,
      },
    ]);
    const response = await get(`/exams/${id}/report.csv`);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${id}.csv"`);
    const text = Buffer.from(await response.arrayBuffer()).toString();
    expect(text.startsWith('\uFEFFuserId,name,')).toBe(true);
    const rows = parse(text, { bom: true, columns: true }) as Record<string, string>[];
    expect(rows).toMatchObject([
      { userId: 'user_2', name: `'=HYPERLINK("http://evil.example")`, verdict: '' },
      {
        userId: 'user_1',
        name: 'محمد علي',
        group: 'Room A',
        warnings_medium: '1',
        review: 'contested',
        verdictBy: 'Mr Two',
        contested: 'yes',
      },
    ]);
  });

  it('is no formula either where a spreadsheet cuts its lines at semicolons, as in most of Europe', async () => {
    const { id } = await createExam(server);
    const names = ['Ann;=1+1', "Bo; =cmd|' /C calc'!A0", 'Cy;+1;-1', 'Di\t@SUM(1)', 'Ed;Eve', '\uFEFF=1+1', '\u202E=1+1', ' =1+1'];
    await server.post(`/exams/${id}/participants`, { participants: names.map((name, i) => ({ userId: `user_${i}`, name })) });
    const text = await (await get(`/exams/${id}/report.csv`)).text();
    const cells = text.split(/[;,\t\r\n]/).map((cell) => cell.replaceAll(/^["\p{Cf}\s]+/gu, ''));
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell))).toEqual([]);
    expect(text).toContain('Ed;Eve');
  });

  it('of an exam with nobody has a header, and of a large one everybody', async () => {
    const { id } = await createExam(server);
    expect((await (await get(`/exams/${id}/report.csv`)).text()).split('\r\n')).toHaveLength(2);
    const participants = Array.from({ length: 1_203 }, (_, i) => ({ userId: `u${i}` }));
    await server.post(`/exams/${id}/participants`, { participants });
    const { participants: rows } = (await (await get(`/exams/${id}/report.json`)).json()) as { participants: { userId: string }[] };
    expect(rows.map(({ userId }) => userId).toSorted()).toEqual(participants.map(({ userId }) => userId).toSorted());
  });
});

describe('the report of a participant', () => {
  it('has clock, evidence, warnings with their reviews, every verdict and the objection', async () => {
    const { id } = await held();
    const body = (await (await get(`/exams/${id}/participants/user_1/report.json`)).json()) as object;
    expect(body).toMatchObject({
      exam: { title: 'Algèbre' },
      participant: { userId: 'user_1', review: 'contested', extraMinutes: 10 },
      timeCredits: [{ minutes: 5, reason: 'Fire alarm', by: 'bootstrap' }],
      warnings: [
        { type: 'phone_usage', review: null },
        { type: 'window_blur', review: null },
      ],
      evidence: [{ type: 'webcam' }, { type: 'screen' }],
      verdicts: [
        { by: 'Ms One', final: false },
        { by: 'Mr Two', final: true },
      ],
      contest: { text: 'It was a calculator', answer: null },
    });
  });

  it('is a tagged PDF with the pictures and names of any script, made while others are served', async ({ skip }) => {
    const { id } = await held();
    const [warning] = await runSql<{ id: string }>(
      server,
      `UPDATE "Warning" SET "hasFrame" = true WHERE "examId" = $1 AND type = 'phone_usage' RETURNING id`,
      [id],
    );
    const storageKey = `${warning?.id}.jpg`;
    const picture = await faces.one();
    await writeFile(joinPath(server.dataDir, 'recordings', 'files', storageKey), picture);
    await runSql(server, `INSERT INTO "WarningFrame" ("warningId", size, sha256, "storageKey") VALUES ($1, $2, 'ab', $3)`, [
      warning?.id,
      picture.length,
      storageKey,
    ]);
    const making = get(`/exams/${id}/participants/user_1/report.pdf`);
    expect((await get(`/exams/${id}`)).status).toBe(200);
    const response = await making;
    expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
      200,
      'application/pdf',
      'no-store',
    ]);
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString('latin1');
    expect(text.startsWith('%PDF-1.7')).toBe(true);
    expect(text).toContain('/MarkInfo');
    expect(text).toContain('/DCTDecode');
    const words = await wordsOf(bytes);
    skip(words === null, 'pdftotext (Debian: poppler-utils) is not installed: the text of the PDF is not checked');
    expect(words).toContain('Algèbre');
    expect(words).toContain('It was a calculator');
    expect(words).toContain('Fire alarm');
    expect((words ?? '').normalize('NFKC').replaceAll(/\p{Cf}/gu, '')).toContain('محمد علي');
  });

  it('shows what would turn the order of its words, and says what it says all the same', async ({ skip }) => {
    const { id } = await createExam(server);
    await server.post(`/exams/${id}/participants`, { participants: [{ userId: 'user_1', name: 'Ann \u202Elive\u2067\u0007 Bo' }] });
    const response = await get(`/exams/${id}/participants/user_1/report.pdf`);
    const words = await wordsOf(Buffer.from(await response.arrayBuffer()));
    skip(words === null, 'pdftotext (Debian: poppler-utils) is not installed: the text of the PDF is not checked');
    expect(words).toMatch(/Report about Ann □live□□ Bo, made [\d-]+ [\d:]+ UTC\./);
  });

  it('and of the exam are for staff of the exam only', async () => {
    const { id, token } = await held();
    const exam = await createExam(server);
    const { key: stranger } = await createKey(server, 'LMS', 'elsewhere');
    for (const path of ['report.json', 'report.csv', 'participants/user_1/report.json', 'participants/user_1/report.pdf']) {
      expect((await get(`/exams/${id}/${path}`, token)).status, path).toBe(401);
      expect((await get(`/exams/${id}/${path}`, stranger)).status, path).toBe(404);
      expect((await get(`/exams/${id}/${path}`, tokenIn(exam.adminUrl))).status, path).toBe(404);
    }
    expect((await get(`/exams/${id}/participants/nobody/report.pdf`)).status).toBe(404);
  });
});

/** The text of a PDF, as poppler reads it; null where that is not installed. */
async function wordsOf(pdf: Buffer): Promise<string | null> {
  const path = joinPath(tempDir(), 'report.pdf');
  await writeFile(path, pdf);
  try {
    return (await promisify(execFile)('pdftotext', [path, '-'])).stdout;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT' && !process.env['CI']) return null;
    throw error;
  }
}
