import { describe, expect, it } from 'vitest';
import { csvOf, fileNameOf } from '../../../web/school/csv.ts';
import { changesOf, DEFAULTS, faultsByField, newExamOf, toLocal } from '../../../web/school/form/form-model.ts';

describe('the form of an exam', () => {
  it('sends of a new exam its title, its duration and what differs from the defaults', () => {
    expect(newExamOf({ ...DEFAULTS, title: 'Algebra' })).toEqual({ title: 'Algebra', duration: 60 });
    const form = { ...DEFAULTS, title: 'Algebra', opensAt: '2026-03-01T09:30', aiEnabled: false, messagePresets: ' a \n\n b' };
    expect(newExamOf(form)).toEqual({
      title: 'Algebra',
      duration: 60,
      opensAt: new Date(2026, 2, 1, 9, 30).toISOString(),
      settings: { aiDetection: { enabled: false, sensitivity: 'MEDIUM' }, messagePresets: ['a', 'b'] },
    });
  });

  it('sends of a change only what was changed, so that a time keeps its seconds and the work of others stays', () => {
    const before = { ...DEFAULTS, title: 'Algebra', opensAt: toLocal('2026-03-01T08:30:25.000Z'), snapshotSeconds: '3' };
    expect(changesOf(before, before)).toEqual({});
    expect(changesOf({ ...before, duration: '90' }, before)).toEqual({ duration: 90 });
    expect(changesOf({ ...before, opensAt: '', snapshotSeconds: '' }, before)).toEqual({
      opensAt: null,
      settings: { snapshotSeconds: null },
    });
    const chosen = { ...before, allSignals: false, signals: ['tab_switch', 'of_another_client'] };
    expect(changesOf({ ...chosen, allSignals: true }, chosen)).toEqual({ settings: { signals: null } });
  });

  it('puts what the server refuses at its field, and the rest where it is seen all the same', () => {
    const faults = faultsByField([
      { field: 'title', issue: 'must not be empty' },
      { field: 'settings.messagePresets[3]', issue: 'must not be empty' },
      { field: 'settings.aiDetection.enabled', issue: 'must be true or false' },
      { field: 'query', issue: 'is too long' },
    ]);
    expect([...faults]).toEqual([
      ['title', 'must not be empty'],
      ['messagePresets', 'must not be empty'],
      ['aiEnabled', 'must be true or false'],
      ['', 'query is too long'],
    ]);
  });
});

describe('a file of links', () => {
  it('is CSV in UTF-8 in which nothing is a formula', async () => {
    const bytes = await csvOf([
      ['userId', 'name'],
      ['a', '=HYPERLINK("x")'],
      ['b', 'Zoë, "Z"'],
    ]).text();
    expect(bytes.replace('\uFEFF', '')).toBe(`userId,name\r\na,"'=HYPERLINK(""x"")"\r\nb,"Zoë, ""Z"""\r\n`);
  });

  it('has a name of the title in any script', () => {
    expect(fileNameOf('امتحان: 1/2', 'links', 'csv')).toBe('امتحان-1-2-links.csv');
    expect(fileNameOf('***', 'links', 'csv')).toBe('links.csv');
  });
});
