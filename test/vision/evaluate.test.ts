import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { startGoogleVision } from '../helpers/google-vision.ts';
import { tempDir } from '../helpers/media.ts';

const run = promisify(execFile);
const cli = join(projectRoot, 'dist/src/cli.js');
const evaluate = (data: string, out: string) => run(process.execPath, [cli, 'evaluate', '--data', data, '--out', out]);

interface Report {
  sections: {
    title: string;
    missing?: string;
    figures: { what: string; value: number; low: number | null; of: number }[];
    notes: string[];
    groups: { column: string; group: string; what: string; share: { hits: number; of: number } }[];
  }[];
}

/** Two women of a sample picture, each twice, in data as a school might bring it. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(join(folder, 'verify'));
  await mkdir(join(folder, 'facecount'));
  const sample = await readFile(join(projectRoot, 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  const cut = (left: number, top: number) => sharp(sample).extract({ left, top, width: 340, height: 400 });
  const people = { ann: [180, 420], bea: [640, 190] } as const;
  for (const [name, [left, top]] of Object.entries(people)) {
    await cut(left, top)
      .jpeg()
      .toFile(join(folder, `verify/${name}_1.jpg`));
    await cut(left - 30, top - 25)
      .resize({ width: 300 })
      .modulate({ brightness: 0.85 })
      .jpeg()
      .toFile(join(folder, `verify/${name}_2.jpg`));
  }
  await sharp({ create: { width: 320, height: 240, channels: 3, background: '#789' } })
    .jpeg()
    .toFile(join(folder, 'facecount/wall.jpg'));
  const pairs = [
    'a,b,same,lighting',
    'verify/ann_1.jpg,verify/ann_2.jpg,1,"lamp, left"',
    'verify/bea_1.jpg,verify/bea_2.jpg,1,daylight',
    'verify/ann_1.jpg,verify/bea_2.jpg,0,daylight',
    'verify/bea_1.jpg,verify/ann_2.jpg,0,"lamp, left"',
  ];
  await writeFile(join(folder, 'pairs.csv'), pairs.join('\r\n'));
  const glasses = ['file,glasses', 'verify/ann_1.jpg,yes', 'verify/ann_2.jpg,yes', 'verify/bea_1.jpg,no', 'verify/bea_2.jpg,no'];
  await writeFile(join(folder, 'verify/labels.csv'), glasses.join('\n'));
  await writeFile(join(folder, 'facecount/labels.csv'), 'file,class\nwall.jpg,0\n');
}

describe('npm run evaluate', () => {
  it('measures your own pictures by the groups in their labels, and says what the folder lacks', async () => {
    const [data, out] = [tempDir(), tempDir()];
    await makeFolder(data);
    const { stdout } = await evaluate(data, out);
    const { sections } = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report;
    const verification = sections.find(({ title }) => title === 'Verification');
    const figure = (what: string) => verification?.figures.find((one) => one.what === what);
    expect(figure('true pairs verified (TPR)')).toMatchObject({ value: 1, of: 2 });
    expect(figure('strangers verified (FMR)')).toMatchObject({ value: 0, of: 2 });
    const groups = verification?.groups.map(({ what, column, group, share: { hits, of } }) => `${what}: ${column} ${group} ${hits}/${of}`);
    expect(groups).toEqual([
      'true pairs verified: lighting lamp, left 1/1',
      'true pairs verified: lighting daylight 1/1',
      'true pairs verified: glasses yes 1/1',
      'true pairs verified: glasses no 1/1',
      'strangers verified: lighting daylight 0/1',
      'strangers verified: lighting lamp, left 0/1',
    ]);
    expect(stdout).toContain('Phones, frame by frame\n  not measured: the folder has no phone/labels.csv');
    expect(sections.filter(({ missing }) => missing).map(({ title }) => title)).toEqual([
      'Phones, frame by frame',
      'Head turned away',
      'Simulated sittings of 30 minutes: share of the seconds judged away',
      'Gaze clips, frame by frame',
      'Speech, by second',
      'Whole recordings, by second',
    ]);
    for (const plot of ['roc.svg', 'reliability.svg', 'degradations.svg']) {
      const svg = await readFile(join(out, plot), 'utf8');
      expect(svg).toMatch(/^<svg xmlns/);
      expect(svg).not.toContain('NaN');
    }
  });

  it('measures strangers of one group by your columns, and says so where the folder lacks them', async () => {
    const [data, out] = [tempDir(), tempDir()];
    await makeFolder(data);
    const sections = async () => {
      await evaluate(data, out);
      return (JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report).sections;
    };
    const notesOf = (found: Report['sections']) => found.find(({ title }) => title === 'Verification')?.notes.join('\n');
    expect(notesOf(await sections())).toContain('groups/labels.csv');
    await mkdir(join(data, 'groups'));
    const people = { ann: 'ann_1', again: 'ann_2', bea: 'bea_1' };
    for (const [name, file] of Object.entries(people))
      await writeFile(join(data, `groups/${name}.jpg`), await readFile(join(data, `verify/${file}.jpg`)));
    // Ann twice, as if she were two people: that is what a false match looks like.
    const labels = ['file,age,gender,race', 'ann.jpg,20-29,Female,White', 'again.jpg,30-39,Female,White', 'bea.jpg,20-29,Female,Black'];
    await writeFile(join(data, 'groups/labels.csv'), labels.join('\n'));
    const found = await sections();
    expect(notesOf(found)).not.toContain('groups/labels.csv');
    const strangers = found.find(({ title }) => title === 'Strangers of one group');
    expect(strangers?.groups).toMatchObject([{ group: 'Female, White', share: { hits: 1, of: 1 } }]);
    expect(strangers?.figures[0]).toMatchObject({ what: 'strangers of one group verified', value: 1, of: 1 });
  });

  it('lists invalid labels and missing files before it starts', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeFolder(data);
    await writeFile(join(data, 'pairs.csv'), 'a,b,same\nverify/ann_1.jpg,verify/ann_2.jpg,yes\n\nverify/ann_1.jpg,verify/cid_1.jpg,0\n');
    await writeFile(join(data, 'facecount/labels.csv'), 'file,faces\nwall.jpg,0\n');
    const expected = [
      'pairs.csv: line 2, same "yes" must be 0 or 1',
      'pairs.csv: line 4, b "verify/cid_1.jpg" does not exist',
      'facecount/labels.csv: has no column class',
    ];
    await expect(evaluate(data, out)).rejects.toMatchObject({ code: 1, stdout: '', stderr: `${expected.join('\n')}\n` });
    expect(existsSync(out)).toBe(false);
  });

  it('names a picture that cannot be read', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeFolder(data);
    await writeFile(join(data, 'facecount/wall.jpg'), 'no picture');
    const failure = await evaluate(data, out).catch((error: unknown) => error as { code: number; stderr: string });
    expect(failure).toMatchObject({ code: 1 });
    expect(failure.stderr.trim().split('\n').at(-1)).toMatch(/^facecount\/wall\.jpg: /);
  });

  it('fails with a message if the folder does not exist or holds no data', async () => {
    const empty = tempDir();
    await expect(evaluate(join(empty, 'nowhere'), empty)).rejects.toMatchObject({ code: 2, stderr: /There is no folder/ });
    await expect(evaluate(empty, empty)).rejects.toMatchObject({ code: 1, stdout: /has no pairs\.csv/ });
  });
});

describe('npm run evaluate where the labels have a column split', () => {
  /** Ann to tune on, Bea to judge by. */
  async function makeSplit(folder: string): Promise<void> {
    await makeFolder(folder);
    const pairs = ['a,b,same,split', 'verify/ann_1.jpg,verify/ann_2.jpg,1,tune', 'verify/bea_1.jpg,verify/bea_2.jpg,1,judge'];
    await writeFile(join(folder, 'pairs.csv'), pairs.join('\n'));
    await writeFile(join(folder, 'facecount/labels.csv'), 'file,class,split\nwall.jpg,0,judge\n');
  }

  const leaksOf = async (data: string, out: string) => {
    const failure = await evaluate(data, out).catch((error: unknown) => error as { code: number; stdout: string; stderr: string });
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(out)).toBe(false);
    return failure.stderr.trim().split('\n');
  };

  it('measures the half to judge by, or on request the other one, and says which', async () => {
    const [data, out] = [tempDir(), tempDir()];
    await makeSplit(data);
    const measure = async (...args: string[]) => {
      const { stdout } = await run(process.execPath, [cli, 'evaluate', '--data', data, '--out', out, ...args]);
      const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report & { half: string };
      return { stdout, half: report.half, found: report.sections.filter(({ missing }) => !missing).map(({ title }) => title) };
    };
    const judged = await measure();
    expect(judged).toMatchObject({ half: 'judge' });
    expect(judged.stdout).toContain('the rows whose split is judge');
    expect(judged.found).toContain('Faces: none, one, several');
    const tuned = await measure('--split', 'tune');
    expect(tuned).toMatchObject({ half: 'tune' });
    expect(tuned.found).not.toContain('Faces: none, one, several');
  });

  it('refuses a photo on both sides, also if it was only compressed and sized again, and names both rows', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeSplit(data);
    await mkdir(join(data, 'pose'));
    await sharp(await readFile(join(data, 'verify/ann_1.jpg')))
      .resize({ width: 250 })
      .jpeg({ quality: 50 })
      .toFile(join(data, 'pose/turned.jpg'));
    await writeFile(join(data, 'pose/labels.csv'), 'file,label,split\nturned.jpg,frontal,judge\n');
    expect(await leaksOf(data, out)).toEqual([
      'the same photo is on both sides of the split: pairs.csv line 2 (tune) and pose/labels.csv line 2 (judge): verify/ann_1.jpg and pose/turned.jpg',
    ]);
  });

  it('refuses a person on both sides, whom a pair or the column person gives away', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeSplit(data);
    await writeFile(join(data, 'verify/labels.csv'), 'file,person,split\nverify/ann_2.jpg,ann,tune\nverify/bea_1.jpg,ann,judge\n');
    expect(await leaksOf(data, out)).toEqual([
      'the same person is on both sides of the split: pairs.csv line 2 (tune) and pairs.csv line 3 (judge): verify/ann_1.jpg, verify/ann_2.jpg and verify/bea_1.jpg, verify/bea_2.jpg',
    ]);
  });

  it('refuses a clip on both sides, but not different clips in one file', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeSplit(data);
    await mkdir(join(data, 'audio'));
    await writeFile(join(data, 'audio/speech_noise_mix.ogg'), 'no sound');
    const write = (clips: readonly string[]) =>
      writeFile(
        join(data, 'audio/labels.csv'),
        ['t0,t1,speech,clip,split', `0,2,1,${clips[0]},tune`, `2,4,1,${clips[1]},judge`].join('\n'),
      );
    await write(['libri', 'libri']);
    expect(await leaksOf(data, out)).toEqual([
      'the same clip is on both sides of the split: audio/labels.csv line 2 (tune) and audio/labels.csv line 3 (judge): libri',
    ]);
    await write(['libri', 'jfk']);
    // Now it is read, and only then cannot be.
    const later = await evaluate(data, out).catch((error: unknown) => error as { stderr: string });
    expect(later.stderr).not.toContain('both sides');
  });

  it('refuses a file that manifest.csv puts on one side and a table on the other, and a split that is neither', async () => {
    const [data, out] = [tempDir(), join(tempDir(), 'out')];
    await makeSplit(data);
    await writeFile(join(data, 'manifest.csv'), 'file,split\nfacecount/wall.jpg,tune\n');
    expect(await leaksOf(data, out)).toEqual([
      'the same photo is on both sides of the split: manifest.csv line 2 (tune) and facecount/labels.csv line 2 (judge): facecount/wall.jpg',
    ]);
    await writeFile(join(data, 'manifest.csv'), 'file,split\nfacecount/wall.jpg,both\n');
    expect(await leaksOf(data, out)).toEqual(['manifest.csv: line 2, split "both" must be tune or judge']);
  });

  it('leaves out true pairs of one photo, which show nothing', async () => {
    const [data, out] = [tempDir(), tempDir()];
    await makeFolder(data);
    await writeFile(join(data, 'verify/again.jpg'), await readFile(join(data, 'verify/ann_1.jpg')));
    const pairs = [
      'a,b,same',
      'verify/ann_1.jpg,verify/again.jpg,1',
      'verify/ann_1.jpg,verify/ann_2.jpg,1',
      'verify/ann_1.jpg,verify/bea_2.jpg,0',
    ];
    await writeFile(join(data, 'pairs.csv'), pairs.join('\n'));
    await evaluate(data, out);
    const { sections } = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report;
    const verification = sections.find(({ title }) => title === 'Verification');
    expect(verification?.figures.find(({ what }) => what === 'true pairs verified (TPR)')).toMatchObject({ of: 1 });
    expect(verification?.notes.join()).toContain('1 true pairs are left out');
  });
});

describe('npm run evaluate with --provider google', () => {
  it('sends pictures to Google, respects the cap, and prints the units counted', async () => {
    const [data, out] = [tempDir(), tempDir()];
    await makeFolder(data);
    await rm(join(data, 'pairs.csv'));
    const google = await startGoogleVision();
    try {
      const measure = (settings: Record<string, string>) =>
        run(process.execPath, [cli, 'evaluate', '--data', data, '--out', out, '--provider', 'google'], {
          env: { ...process.env, ...google.settings, ...settings },
        });
      const { stderr } = await measure({});
      expect(stderr).toContain('Google Vision: 1 units counted');
      expect(google.batches.flatMap(({ pictures }) => pictures.map(({ features }) => features))).toEqual([['FACE_DETECTION']]);
      await expect(measure({ GOOGLE_VISION_MAX_UNITS_PER_DAY: '0' })).rejects.toMatchObject({ stderr: /cap of 0 units/ });
      expect(google.batches).toHaveLength(1);
    } finally {
      await google.stop();
    }
  });
});
