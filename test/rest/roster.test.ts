import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Answer {
  participants: { id: string; name: string | null; group: string | null; extraMinutes: number; accessUrl: string; status: string }[];
  error?: { code: string; details: { field: string; issue: string }[] };
}
const send = async (examId: string, csv: string, type = 'text/csv; charset=utf-8', credential?: string) => {
  const init = { method: 'POST', headers: { 'content-type': type }, body: csv, ...(credential && { credential }) };
  return (await (await server.rest(`/exams/${examId}/participants`, init)).json()) as Answer;
};

describe('a roster', () => {
  it.each([
    ['commas', 'userId,name,extraMinutes,group\nu1,"Müller, Ute",15,Room A\nu2,محمد,,\n'],
    [
      'semicolons and a byte order mark, as spreadsheets write it',
      '\uFEFFuserId;name;extraMinutes;group\r\nu1;"Müller, Ute";15;Room A\r\n\r\nu2;محمد;;\r\n;;;\r\n',
    ],
    ['tabs and columns in another order and case', 'Name\tUSERID\tgroup\textraminutes\nMüller, Ute\tu1\tRoom A\t15\nمحمد\tu2\t\t\n'],
  ])('as CSV with %s adds participants, each with a personal link that works', async (_how, csv) => {
    const { id } = await createExam(server);
    const { participants } = await send(id, csv);
    expect(participants).toMatchObject([
      { id: 'u1', name: 'Müller, Ute', group: 'Room A', extraMinutes: 15, status: 'invited' },
      { id: 'u2', name: 'محمد', group: null, extraMinutes: 0 },
    ]);
    await join(server, id, 'u2', tokenIn(participants[1]?.accessUrl ?? ''));
  });

  it('as JSON or CSV sent again changes what it says and keeps the rest, and nobody twice', async () => {
    const { id } = await createExam(server);
    const first = (await (
      await server.post(`/exams/${id}/participants`, { participants: [{ userId: 'u1', name: 'One', group: 'A' }] })
    ).json()) as Answer;
    const { participants } = await send(id, 'userId,group\nu1,B\nu3,B\n');
    expect(participants).toMatchObject([{ id: 'u1', name: 'One', group: 'B', accessUrl: first.participants[0]?.accessUrl }, { id: 'u3' }]);
  });

  it('of 5,000 is added at once', async () => {
    const [{ id }, other] = [await createExam(server), await createExam(server)];
    const everybody = Array.from({ length: 5_000 }, (_, i) => ({ userId: `u${i}`, name: `Person ${i}`, group: 'A', extraMinutes: 5 }));
    const asJson = await server.post(`/exams/${other.id}/participants`, { participants: everybody });
    expect(((await asJson.json()) as Answer).participants).toHaveLength(5_000);
    const { participants } = await send(id, `userId,name\n${Array.from({ length: 5_000 }, (_, i) => `u${i},Person ${i}`).join('\n')}`);
    expect(participants).toHaveLength(5_000);
    expect(participants[4_999]).toMatchObject({ id: 'u4999', name: 'Person 4999' });
  });

  it('in another encoding, or with a column twice, is refused with what to do', async () => {
    const { id } = await createExam(server);
    const latin1 = await server.rest(`/exams/${id}/participants`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: new Uint8Array(Buffer.from('userId,name\nu1,Müller\n', 'latin1')),
    });
    expect(((await latin1.json()) as Answer).error?.details[0]?.issue).toContain('UTF-8');
    expect((await send(id, 'userId,USERID\nu1,u2\n')).error?.details[0]?.issue).toContain('userId twice');
    expect(((await (await server.rest(`/exams/${id}`)).json()) as Answer).participants).toEqual([]);
  });

  it('that is wrong names its line and column, and adds nobody', async () => {
    const { id } = await createExam(server);
    const details = async (csv: string) => (await send(id, csv)).error?.details[0];
    expect(await details('userId,extraMinutes\nu1,5\nu2,soon\n')).toEqual({
      field: 'line 3: extraMinutes',
      issue: 'must be a whole number of minutes',
    });
    expect(await details('userId,name\n"u1\nx",One\n,Two\n')).toMatchObject({ field: 'line 4: userId' });
    expect(await details('name\nOne\n')).toMatchObject({ field: 'body', issue: expect.stringContaining('userId') });
    expect(await details('userId,salary\nu1,5\n')).toMatchObject({ field: 'body', issue: expect.stringContaining('salary') });
    expect(await details('userId,name\nu1,"One\n')).toMatchObject({ field: 'body', issue: expect.stringContaining('is no CSV') });
    expect(await details('')).toMatchObject({ issue: 'must hold at least 1 participant' });
    expect((await send(id, 'userId\nu1', 'text/plain')).error?.details).toMatchObject([{ field: 'Content-Type' }]);
    expect((await send(id, `userId\n${'x'.repeat(31 * 1024 * 1024)}`)).error?.code).toBe('invalid_request');
    const { participants } = (await (await server.rest(`/exams/${id}`)).json()) as Answer;
    expect(participants).toEqual([]);
  });

  it.each([
    ['three million lines', `userId\n${Array.from({ length: 3_000_000 }, (_, i) => i).join('\n')}`, 'must hold at most 5,000 participants'],
    ['ten million columns', `userId,${'a,'.repeat(10_000_000)}`, expect.stringContaining('must begin with a line')],
    ['ten million values in a line', `userId,name\n${','.repeat(10_000_000)}`, 'has a line with more than 64 columns'],
    ['a line of 20 MB', `userId,name\n${'x'.repeat(20_000_000)}`, expect.stringContaining('is no CSV')],
  ])('with %s is refused, and others are served meanwhile', async (_what, csv, issue) => {
    const { id } = await createExam(server);
    const sent: { answer?: Answer } = {};
    const sending = send(id, csv).then((answer) => (sent.answer = answer));
    let served = 0;
    while (!sent.answer) {
      expect((await server.rest('/time')).status).toBe(200);
      served += 1;
    }
    expect((await sending).error?.details[0]).toMatchObject({ issue });
    expect(served).toBeGreaterThan(0);
  });
});
