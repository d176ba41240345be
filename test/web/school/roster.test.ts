import { describe, expect, it } from 'vitest';
import { faultsByLine, MOST_PEOPLE, planRoster, toSend } from '../../../web/school/roster/plan.ts';
import { readTable } from '../../../web/school/roster/table.ts';

const known = new Map([
  ['ada', { userId: 'ada', name: 'Ada L.', group: 'Room 1', extraMinutes: 0 }],
  ['bob', { userId: 'bob', name: null, group: null, extraMinutes: 10 }],
]);
const kinds = (text: string) =>
  planRoster(text, known).lines.map(({ line, kind, reason }) => (reason ? [line, kind, reason] : [line, kind]));

describe('a list of participants', () => {
  it.each([
    ['commas', 'userId,name\nu1,"Doe, Jane"\n'],
    ['semicolons, and the mark of a spreadsheet', '\uFEFFuserId;name\r\nu1;Doe, Jane\r\n'],
    ['tabs, as a spreadsheet copies', 'userId\tname\nu1\tDoe, Jane'],
  ])('is read with %s', (_what, text) => {
    expect(toSend(planRoster(text, known)).map(({ person }) => person)).toEqual([{ userId: 'u1', name: 'Doe, Jane' }]);
  });

  it('keeps quotes and line breaks in quotes, and counts the lines of the file', () => {
    expect(readTable('userId,name\n\nu1,"a ""b""\nc"\nu2,d\n').lines).toEqual([
      { line: 1, cells: ['userId', 'name'] },
      { line: 3, cells: ['u1', 'a "b"\nc'] },
      { line: 5, cells: ['u2', 'd'] },
    ]);
  });

  it('says of each line whether it adds, changes or leaves somebody, and what is wrong with the others', () => {
    const text = [
      'User ID,Name,Group,extra_minutes,E-mail',
      'new,Neu,,,a@b.c',
      'ada,Ada L.,Room 1,0,',
      'ada2,,,,',
      'bob,Bob,,,',
      ',Nobody,,,',
      'new,Again,,,',
      'x,,,soon,',
      'y,,,1441,',
      `z,${'n'.repeat(201)},,,`,
      `${'i'.repeat(129)},,,,`,
      `g,,${'g'.repeat(101)},,`,
      'm,M\uFFFDller,,,',
    ].join('\n');
    expect(kinds(text)).toEqual([
      [2, 'new'],
      [3, 'unchanged'],
      [4, 'new'],
      [5, 'changed'],
      [6, 'bad', 'no-id'],
      [7, 'bad', 'twice'],
      [8, 'bad', 'minutes'],
      [9, 'bad', 'minutes'],
      [10, 'bad', 'long-name'],
      [11, 'bad', 'long-id'],
      [12, 'bad', 'long-group'],
      [13, 'bad', 'letters'],
    ]);
    const plan = planRoster(text, known);
    expect(plan.ignored).toEqual(['E-mail']);
    expect(plan.counts).toEqual({ new: 2, changed: 1, unchanged: 1, bad: 8 });
    expect(plan.lines[5]?.twin).toBe(2);
  });

  it('leaves what it does not name as it was', () => {
    expect(kinds('userId\nada\nbob')).toEqual([
      [2, 'unchanged'],
      [3, 'unchanged'],
    ]);
    expect(toSend(planRoster('userId,name\nbob,Bob', known))[0]?.person).toEqual({ userId: 'bob', name: 'Bob' });
  });

  it.each([
    ['nothing', '', 'empty'],
    ['only names of columns', 'userId,name', 'empty'],
    ['no column with the ids', 'name,group\nAda,1', 'no-user-id'],
    ['the same column twice', 'userId,name,Name\na,b,c', 'column-twice'],
    ['a quote that never ends', 'userId,name\na,"b\nc,d', 'quote'],
    [
      'more people than an invitation takes',
      `userId\n${Array.from({ length: MOST_PEOPLE + 1 }, (_, n) => `u${n}`).join('\n')}`,
      'too-many',
    ],
  ])('is refused as a whole with %s', (_what, text, fault) => {
    expect(planRoster(text, known).fault).toBe(fault);
  });

  it('is planned in less time than a picture of the page takes, for 5,000 people', () => {
    const text = `userId,name,group\n${Array.from({ length: MOST_PEOPLE }, (_, n) => `user${n},"Name, ${n}",Room ${n % 40}`).join('\n')}`;
    // Of the processor, whatever else the machine does meanwhile.
    const begin = process.cpuUsage();
    expect(planRoster(text, known).counts.new).toBe(MOST_PEOPLE);
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('tells a fault of the server by the line of the file, not by the place in what was sent', () => {
    const sent = toSend(planRoster('userId,name\nada,Ada L.\nnew,Neu', known));
    expect(faultsByLine([{ field: 'participants[0].name', issue: 'is bad' }], sent)).toEqual([{ line: 3, field: 'name', issue: 'is bad' }]);
    expect(faultsByLine([{ field: 'examId', issue: 'is bad' }], sent)).toEqual([{ line: null, field: 'examId', issue: 'is bad' }]);
  });
});
