import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { deflateSync } from 'node:zlib';
import sharp, { type Region } from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { tfjsToOnnx } from '../../src/adapters/vision/local/convert/tfjs-to-onnx.ts';
import { readWeights, weightPath } from '../../src/adapters/vision/local/weights.ts';
import { WorkerPool } from '../../src/adapters/vision/local/worker-pool.ts';
import type { Frame, VisionProvider } from '../../src/adapters/vision/vision.ts';
import { projectRoot } from '../../src/paths.ts';
import { PHONE_SURE } from '../../src/services/analysis/judge-webcam.ts';
import { matchFaces } from '../../src/services/identity/face-match.ts';
import { dataFile, makeMedia, tempDir } from '../helpers/media.ts';
import { pngChunk } from '../helpers/png.ts';

// Its workers are compiled files, so the provider is taken from there too.
const built = new URL('../../dist/src/adapters/vision/local/vision-local.js', import.meta.url).href;
const { createLocalVision } = (await import(built)) as { createLocalVision: (options: { workers: number }) => VisionProvider };
const vision = createLocalVision({ workers: 2 });
afterAll(() => vision.dispose());

const samples = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api')), '../demo');
const sample = (number: number) => readFileSync(join(samples, `sample${number}.jpg`));

/** One of the people of a group picture. */
const person = (number: number, left: number, top: number, size = 560): Promise<Buffer> => {
  const region: Region = { left, top, width: size, height: size };
  return sharp(sample(number)).extract(region).jpeg({ quality: 92 }).toBuffer();
};
const blonde = () => person(3, 430, 200);
const redhead = () => person(3, 920, 80);
const brunette = () => person(6, 1000, 180);

async function toFrame(image: Buffer | string): Promise<Frame> {
  const input = typeof image === 'string' ? readFileSync(image) : image;
  const { data, info } = await sharp(input).autoOrient().flatten().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

async function verify(reference: Uint8Array, candidate: Uint8Array) {
  const [a, b] = await Promise.all([vision.readFaceImage(reference), vision.readFaceImage(candidate)]);
  return matchFaces(a, b);
}

const plain = () =>
  sharp({ create: { width: 320, height: 240, channels: 3, background: '#7a8899' } })
    .jpeg()
    .toBuffer();

describe('the verification', () => {
  test('accepts the same person in other light, mirrored and compressed', async () => {
    const again = await sharp(await blonde())
      .flop()
      .linear(0.6, 10)
      .resize(300)
      .jpeg({ quality: 50 })
      .toBuffer();
    const match = await verify(await blonde(), again);
    expect(match).toMatchObject({ verified: true, faceDetected: true, warnings: [] });
    expect(match.confidence).toBeGreaterThan(0.95);
    expect(match.matchScore).toBeGreaterThan(0.6);
    expect(match.matchScore).toBeLessThan(1);
  });

  test('rejects different people', async () => {
    const pictures = await Promise.all([blonde(), redhead(), brunette()]);
    const faces = await Promise.all(pictures.map((picture) => vision.readFaceImage(picture)));
    for (const [i, a] of faces.entries()) {
      for (const b of faces.slice(i + 1)) {
        const match = matchFaces(a, b);
        expect(match).toMatchObject({ verified: false, faceDetected: true, warnings: [] });
        expect(match.confidence).toBeLessThan(0.5);
        expect(match.matchScore).toBeLessThan(0.55);
      }
    }
  });

  test('rejects a picture without a face, or with several, and says so', async () => {
    expect(await verify(await plain(), await blonde())).toEqual({
      verified: false,
      confidence: 0,
      matchScore: 0,
      faceDetected: false,
      warnings: ['no_face_reference'],
    });
    const group = await verify(sample(3), sample(3));
    expect(group.confidence).toBeGreaterThan(0.99);
    expect(group).toMatchObject({ verified: false, warnings: ['multiple_faces_reference', 'multiple_faces_verification'] });
  });

  test('warns of one dark or tiny picture, and rejects two dark ones', async () => {
    const clear = await blonde();
    const dark = await sharp(clear).linear(0.08, 0).png().toBuffer();
    expect((await verify(clear, dark)).warnings).toEqual(['low_quality_verification']);
    const both = await verify(dark, dark);
    expect(both).toMatchObject({ verified: false, warnings: ['low_quality_reference', 'low_quality_verification'] });
    const tiny = await sharp(clear).resize(100).png().toBuffer();
    expect(await verify(tiny, clear)).toMatchObject({ verified: true, warnings: ['low_quality_reference'] });
  });

  test('finds a face that fills the whole picture', async () => {
    const close = await person(3, 610, 420, 190);
    expect((await vision.readFaceImage(close)).faces).toHaveLength(1);
  });
});

describe('images', () => {
  test('are read as JPEG, PNG or WebP, whether grey, 16-bit, transparent or rotated', async () => {
    const face = sharp(await blonde());
    const upright = await vision.readFaceImage(await face.clone().png().toBuffer());
    const variants = {
      webp: face.clone().webp({ quality: 80 }),
      transparent: face.clone().ensureAlpha(0.9).png(),
      grey: face.clone().greyscale().jpeg(),
      deep: face.clone().toColourspace('rgb16').png(),
      cmyk: face.clone().toColourspace('cmyk').jpeg(),
      turned: face.clone().rotate(90).withMetadata({ orientation: 8 }).jpeg(),
    };
    for (const [name, variant] of Object.entries(variants)) {
      const read = await vision.readFaceImage(await variant.toBuffer());
      expect(read.faces, name).toHaveLength(1);
      expect(Math.abs((read.main?.box.x ?? 0) - (upright.main?.box.x ?? 0)), name).toBeLessThan(20);
      expect(matchFaces(upright, read).confidence, name).toBeGreaterThan(0.8);
    }
  });

  test('have face positions in pixels of the picture, however large it is', async () => {
    const { width, height, main } = await vision.readFaceImage(sample(3));
    expect([width, height]).toEqual([1920, 1350]);
    expect(main?.box.x).toBeGreaterThan(1000);
    expect(main?.box.width).toBeGreaterThan(150);
    expect(main?.embedding.dlib).toHaveLength(128);
    expect(main?.embedding.faceres).toHaveLength(1024);
  });

  test('have no face if they are a single pixel', async () => {
    const pixel = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await vision.readFaceImage(pixel)).toEqual({ width: 1, height: 1, faces: [], main: null });
  });

  test('are refused with a message for the client if they are not images or incomplete', async () => {
    const jpeg = await blonde();
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    const refused: Record<string, [Uint8Array, RegExp]> = {
      text: [Buffer.from('hello'), /must be JPEG, PNG or WebP/],
      nothing: [new Uint8Array(0), /must be JPEG, PNG or WebP/],
      svg: [Buffer.from(svg), /must be JPEG, PNG or WebP/],
      gif: [await sharp(jpeg).resize(32).gif().toBuffer(), /must be JPEG, PNG or WebP/],
      tiff: [await sharp(jpeg).resize(32).tiff().toBuffer(), /must be JPEG, PNG or WebP/],
      'truncated JPEG': [jpeg.subarray(0, jpeg.length / 2), /damaged or incomplete/],
      'JPEG by its first bytes only': [Buffer.concat([jpeg.subarray(0, 3), Buffer.from(svg)]), /damaged or incomplete/],
      'truncated PNG': [(await sharp(jpeg).png().toBuffer()).subarray(0, 5000), /damaged or incomplete/],
    };
    for (const [name, [bytes, message]] of Object.entries(refused)) {
      await expect(vision.readFaceImage(bytes), name).rejects.toMatchObject({
        name: 'ImageError',
        message: expect.stringMatching(message),
      });
    }
  });

  test('of 400 megapixels in a small file are refused before they are decompressed', async () => {
    const bomb = onePixelColourPng(20_000, 20_000);
    expect(bomb.length).toBeLessThan(100_000);
    await expect(vision.readFaceImage(bomb)).rejects.toMatchObject({ name: 'ImageError', message: /40 megapixels/ });
  });
});

/** A black PNG of 1 bit a pixel. */
function onePixelColourPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', rows),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('video frames', () => {
  test('show how many people are there, and where a single one looks', async () => {
    const counts = await Promise.all(
      [await plain(), await redhead(), sample(3), sample(6)].map(async (image) => {
        const frame = await toFrame(await sharp(image).resize(800).toBuffer());
        return (await vision.observe(frame, { phones: false })).faces;
      }),
    );
    expect(counts.map((faces) => faces.length)).toEqual([0, 1, 3, 4]);
    expect(counts[1]?.[0]?.gaze).toBeGreaterThan(0.3);
    expect(counts[1]?.[0]?.gaze).toBeLessThan(0.7);
    expect(counts[2]?.map(({ gaze }) => gaze)).toEqual([null, null, null]);
  });

  test('show a head turned to the left as such, and to the right if mirrored', async () => {
    const image = await person(5, 1240, 270);
    const poses = await Promise.all(
      [image, await sharp(image).flop().toBuffer()].map(async (picture) => {
        const { faces } = await vision.observe(await toFrame(picture), { phones: false });
        return faces[0]?.pose ?? { yaw: Number.NaN, pitch: Number.NaN, roll: Number.NaN };
      }),
    );
    const [head, mirrored] = poses;
    expect(head?.yaw).toBeLessThan(-12);
    expect(Math.abs((head?.yaw ?? 0) + (mirrored?.yaw ?? 0))).toBeLessThan(6);
    expect(Math.abs((head?.roll ?? 0) + (mirrored?.roll ?? 0))).toBeLessThan(4);
    expect(Math.abs((head?.pitch ?? 0) - (mirrored?.pitch ?? 0))).toBeLessThan(6);
  });

  test("stay the caller's own, and leave its thread free", async () => {
    const frame = await toFrame(await sharp(sample(3)).resize(640).toBuffer());
    const before = performance.eventLoopUtilization();
    const [first, second] = await Promise.all([vision.observe(frame, { phones: true }), vision.observe(frame, { phones: true })]);
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
    expect(frame.data.length).toBe(frame.width * frame.height * 3);
    expect(first).toEqual(second);
  });
});

describe('the speech detector', () => {
  const noise = Int16Array.from({ length: 16_000 }, (_, i) => ((i * 7919) % 8191) - 4095);

  test('gives one value per 512 samples, the same however the sound is split', async () => {
    const whole = await (await vision.openSpeech()).probabilities(noise);
    const stream = await vision.openSpeech();
    const cuts = [0, 100, 511, 513, 1600, 9000, 16_000];
    const parts = await Promise.all(cuts.slice(1).map((end, i) => stream.probabilities(noise.subarray(cuts[i], end))));
    await stream.close();
    expect(whole).toHaveLength(31);
    expect(Buffer.concat(parts.map(({ buffer }) => new Uint8Array(buffer)))).toEqual(Buffer.from(whole.buffer));
  });

  test('does not take silence and noise for speech', async () => {
    for (const sound of [new Int16Array(16_000), noise]) {
      const probabilities = await (await vision.openSpeech()).probabilities(sound);
      expect(Math.max(...probabilities)).toBeLessThan(0.5);
    }
  });
});

describe('vision workers', () => {
  test('do not change image loaders of the process at their start, while others are decoding', async () => {
    const another = createLocalVision({ workers: 1 });
    const png = await sharp(await plain())
      .png()
      .toBuffer();
    const loader = { operation: ['VipsForeignLoadPngBuffer'] };
    sharp.block(loader);
    try {
      await expect(another.readFaceImage(png)).rejects.toThrow('damaged');
    } finally {
      sharp.unblock(loader);
      await another.dispose();
    }
  });

  test('that die reject only their current task; the others continue in another worker', async () => {
    const script = join(tempDir(), 'worker.mjs');
    await writeFile(
      script,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', (message) => {
         if (message === 'exit') process.exit(3);
         if (message === 'throw') throw new Error('out of memory, say');
         parentPort.postMessage(message.toUpperCase());
       });`,
    );
    const pool = new WorkerPool<string, string>(pathToFileURL(script), 1);
    const outcomes = await Promise.allSettled(['a', 'exit', 'b', 'throw', 'c'].map((message) => pool.run(message)));
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason)))).toEqual([
      'A',
      'Error: A worker ended with code 3',
      'B',
      'Error: A worker failed',
      'C',
    ]);
    await pool.dispose();
    await expect(pool.run('d')).rejects.toThrow('closed');
  });

  test('that cannot start reject a task each, and none waits forever', async () => {
    const script = join(tempDir(), 'worker.mjs');
    await writeFile(script, `throw new Error('a library is missing, say');`);
    const pool = new WorkerPool<string, string>(pathToFileURL(script), 1);
    const outcomes = await Promise.allSettled(['a', 'b'].map((message) => pool.run(message)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await pool.dispose();
  });

  test('that die are replaced at once for an urgent task that waits, also while another worker is busy', async () => {
    const dir = tempDir();
    const [script, go] = [join(dir, 'worker.mjs'), join(dir, 'go')];
    await writeFile(
      script,
      `import { existsSync } from 'node:fs';
       import { parentPort } from 'node:worker_threads';
       parentPort.on('message', (message) => {
         if (message === 'exit') process.exit(3);
         if (message !== 'hold') return parentPort.postMessage(message);
         const timer = setInterval(() => {
           if (!existsSync(${JSON.stringify(go)})) return;
           clearInterval(timer);
           parentPort.postMessage(message);
         }, 10);
       });`,
    );
    const pool = new WorkerPool<string, string>(pathToFileURL(script), 2);
    const order: string[] = [];
    const run = (task: string, urgent: boolean) =>
      pool.run(task, [], { urgent }).then(
        () => order.push(task),
        () => order.push(`${task} rejected`),
      );
    const others = [run('hold', false), run('exit', false)];
    // The busy one is done when the snapshot is.
    const urgent = run('snapshot', true).then(() => writeFile(go, ''));
    await Promise.all([...others, urgent]);
    expect(order).toEqual(['exit rejected', 'snapshot', 'hold']);
    await pool.dispose();
  });

  test('close after the answers of all busy workers, not only of the first', async () => {
    const script = join(tempDir(), 'worker.mjs');
    await writeFile(
      script,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', (milliseconds) => setTimeout(() => parentPort.postMessage(milliseconds), milliseconds));`,
    );
    const pool = new WorkerPool<number, number>(pathToFileURL(script), 3);
    const answers = Promise.allSettled([1, 200, 400].map((milliseconds) => pool.run(milliseconds)));
    await pool.dispose();
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  });

  test('let urgent tasks wait only for the tasks in progress', async () => {
    const script = join(tempDir(), 'worker.mjs');
    await writeFile(
      script,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (it) => parentPort.postMessage(it));`,
    );
    const pool = new WorkerPool<string, string>(pathToFileURL(script), 1);
    const order: string[] = [];
    const run = async (task: string, urgent: boolean) => order.push(await pool.run(task, [], { urgent }));
    await Promise.all([run('a', false), run('b', false), run('c', false), run('d', true), run('e', true)]);
    expect(order).toEqual(['a', 'd', 'e', 'b', 'c']);
    await pool.dispose();
  });

  test('reject waiting tasks when the pool is closed, and tasks that take too long', async () => {
    const script = join(tempDir(), 'worker.mjs');
    await writeFile(
      script,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (it) => it && parentPort.postMessage(it));`,
    );
    const close = async (tasks: string[], answerMs: number) => {
      const pool = new WorkerPool<string, string>(pathToFileURL(script), 1, { answerMs });
      const pending = Promise.allSettled(tasks.map((task) => pool.run(task)));
      await pool.dispose();
      return (await pending).map(({ status }) => status);
    };
    expect(await close(['answered', 'waits'], 60_000)).toEqual(['fulfilled', 'rejected']);
    expect(await close(['', 'waits'], 200)).toEqual(['rejected', 'rejected']);
  });

  test('do not crash a program that closes its provider at any moment', async () => {
    const dir = tempDir();
    const [program, photo] = [join(dir, 'program.mjs'), join(dir, 'photo.jpg')];
    await writeFile(photo, await blonde());
    await writeFile(
      program,
      `import { readFileSync } from 'node:fs';
       import { setTimeout } from 'node:timers/promises';
       import { createLocalVision } from ${JSON.stringify(built)};
       const image = readFileSync(${JSON.stringify(photo)});
       for (let milliseconds = 25; milliseconds <= 150; milliseconds += 25) {
         const vision = createLocalVision({ workers: 2 });
         await Promise.all([image, image].map((it) => vision.readFaceImage(it)));
         // Staggered: the threads must be waited for one by one.
         const looks = Promise.allSettled([0, 20, 40, 60].map((after) => setTimeout(after).then(() => vision.readFaceImage(image))));
         await setTimeout(milliseconds);
         await vision.dispose();
         await looks;
       }
       console.log('lives');`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(stdout.trim()).toBe('lives');
  });

  test('do not keep a finished program running, even if it did not dispose of its provider', async () => {
    const program = join(tempDir(), 'program.mjs');
    await writeFile(
      program,
      `import { createLocalVision } from ${JSON.stringify(built)};
       const speech = await createLocalVision({ workers: 1 }).openSpeech();
       console.log((await speech.probabilities(new Int16Array(512))).length);`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(stdout.trim()).toBe('1');
  });

  test('never load a net for emotions, age or sex, whatever is requested', async () => {
    const dir = tempDir();
    const [hook, program, photo] = [join(dir, 'hook.mjs'), join(dir, 'program.mjs'), join(dir, 'photo.jpg')];
    await writeFile(photo, await blonde());
    await writeFile(
      hook,
      `import fs from 'node:fs';
       import { syncBuiltinESMExports } from 'node:module';
       const { readFileSync } = fs;
       fs.readFileSync = (path, ...rest) => {
         if (/\\.(bin|onnx)$/.test(String(path))) fs.writeSync(2, 'weights ' + path + '\\n');
         return readFileSync(path, ...rest);
       };
       syncBuiltinESMExports();`,
    );
    await writeFile(
      program,
      `import { readFileSync } from 'node:fs';
       import { createLocalVision } from ${JSON.stringify(built)};
       const vision = createLocalVision({ workers: 1 });
       const image = readFileSync(${JSON.stringify(photo)});
       await vision.readFaceImage(image);
       await vision.observeImage(image, { phones: true });
       await (await vision.openSpeech()).probabilities(new Int16Array(512));
       await vision.dispose();`,
    );
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', pathToFileURL(hook).href, program]);
    const read = [...stderr.matchAll(/^weights (.*)$/gm)].map(([, path = '']) => basename(path)).sort();
    // As they were kept at installation, or the weights that they are converted from.
    const weights = ['blazeface', 'centernet', 'face_landmark_68_model', 'face_recognition_model', 'facemesh', 'faceres', 'iris'];
    const converted = ['dlib', 'faceres', 'faces', 'iris', 'landmarks', 'mesh', 'objects', 'speech'];
    expect([[...weights.map((name) => `${name}.bin`), 'silero_vad_v6.onnx'], converted.map((name) => `${name}.onnx`)]).toContainEqual(read);
  });

  test('do not have the outputs for age and sex in the net that describes faces', () => {
    const [manifest, weights] = [readWeights('human/faceres.json'), readWeights('human/faceres.bin')];
    const sizeWith = (outputs: Record<string, string>) => tfjsToOnnx(manifest, weights, { inputShape: [1, 224, 224, 3], outputs }).length;
    const descriptor = { descriptor: 'global_pooling/Mean' };
    const bytesMore = (node: string) => sizeWith({ ...descriptor, answer: node }) - sizeWith(descriptor);
    // Each head is a layer of its own behind the descriptor, of 4 bytes a weight, so it is not in the net that is run.
    expect(bytesMore('age_pred/BiasAdd')).toBeGreaterThan(100 * 256 * 4);
    expect(bytesMore('gender_pred/BiasAdd')).toBeGreaterThan(256 * 4);
    const source = readFileSync(join(projectRoot, 'src/adapters/vision/local/nets.ts'), 'utf8');
    expect(source).toContain("outputs: { descriptor: 'global_pooling/Mean' }");
    expect(source).not.toMatch(/age_pred|gender_pred|emotion/);
  });

  test('refuse modified weights', async () => {
    const bytes = readFileSync(weightPath('human/blazeface.bin'));
    const path = join(tempDir(), 'blazeface.bin');
    await writeFile(path, bytes);
    expect(readWeights('human/blazeface.bin', path).equals(bytes)).toBe(true);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(() => readWeights('human/blazeface.bin', path)).toThrow(/human\/blazeface\.bin are not the expected ones/);
  });
});

/** Rows of a CSV file of the real test data, without its header. */
const rows = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(','));

const inData = (path: string) => readFileSync(dataFile(path) ?? path);

describe.skipIf(dataFile('pairs.csv') === null)('with real pictures and sound,', () => {
  test('nearly all of 25 pairs of strangers and 25 pairs of one person are classified correctly', async () => {
    const pairs = rows(dataFile('pairs.csv') ?? '').filter(([first]) => first?.startsWith('verify/lfw'));
    const pick = (same: string) => {
      const ofKind = pairs.filter(([, , label]) => label === same);
      return ofKind.filter((_, i) => i % Math.ceil(ofKind.length / 25) === 0);
    };
    const faces = new Map<string, ReturnType<VisionProvider['readFaceImage']>>();
    const read = (path = '') => faces.get(path) ?? faces.set(path, vision.readFaceImage(inData(path))).get(path);
    for (const label of ['1', '0']) {
      const chosen = pick(label);
      const outcomes = await Promise.all(chosen.map(async ([a, b]) => Promise.all([read(a), read(b)])));
      const verified = outcomes.filter(([a, b]) => a && b && matchFaces(a, b).verified).length;
      if (label === '1') expect(verified).toBeGreaterThanOrEqual(chosen.length - 1);
      else expect(verified).toBe(0);
    }
  });

  test('faces are counted correctly', async () => {
    for (const [file, label] of rows(dataFile('facecount/labels.csv') ?? '').filter((_, i) => i % 4 === 0)) {
      const image = inData(`facecount/${file}`);
      const { faces } = await vision.observe(await toFrame(image), { phones: false });
      const still = await vision.readFaceImage(image);
      for (const count of [faces.length, still.faces.length]) {
        if (label === '2+') expect(count, file).toBeGreaterThanOrEqual(2);
        else expect(count, file).toBe(Number(label));
      }
    }
  });

  test('a head turned away is distinguished from one that faces the camera', async () => {
    for (const [file, label, direction] of rows(dataFile('pose/labels.csv') ?? '')) {
      const { faces } = await vision.observe(await toFrame(inData(`pose/${file}`)), { phones: false });
      const { yaw, pitch } = faces[0]?.pose ?? { yaw: Number.NaN, pitch: Number.NaN };
      if (direction === 'image-left') expect(yaw, file).toBeLessThan(-25);
      else if (direction === 'image-right') expect(yaw, file).toBeGreaterThan(25);
      else expect([label, Math.abs(yaw) < 25, pitch < 22, pitch > -18], file).toEqual(['frontal', true, true, true]);
    }
  });

  test('a phone in the hand is usually detected, and hardly ever one that is not there, even in a poor picture', async () => {
    const labels = rows(dataFile('phone/labels.csv') ?? '');
    const looks = {
      asItIs: (image: Buffer) => image,
      mirrored: (image: Buffer) => sharp(image).autoOrient().flop().png().toBuffer(),
      dark: (image: Buffer) => sharp(image).autoOrient().linear(0.6, 0).png().toBuffer(),
    };
    for (const [name, look] of Object.entries(looks)) {
      const seenOf = async (files: string[]) => {
        const scores = await Promise.all(
          files.map(async (file) => {
            const { observation } = await vision.observeImage(await look(inData(`phone/${file}`)), { phones: true });
            return observation.phones[0]?.score ?? 0;
          }),
        );
        return scores.filter((score) => score >= PHONE_SURE).length;
      };
      const ofKind = (wanted: string) => labels.filter(([, phone, kind]) => phone === wanted && kind !== 'person_small_or_ear');
      const [held, none] = ['1', '0'].map((phone) => ofKind(phone).map(([file = '']) => file)) as [string[], string[]];
      expect(await seenOf(held), name).toBeGreaterThanOrEqual(held.length * 0.8);
      expect(await seenOf(none), name).toBeLessThanOrEqual(1);
    }
  });

  test('speech is distinguished from other sound', async () => {
    const path = dataFile('audio/speech_noise_mix.ogg') ?? '';
    const raw = await makeMedia('-i', path, '-ac', '1', '-ar', '16000', '-f', 's16le', 'pipe:1');
    const sound = new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1);
    const probabilities = await (await vision.openSpeech()).probabilities(sound);
    const voicedShare = (from: number, to: number) => {
      const windows = probabilities.subarray(Math.ceil((from * 16_000) / 512), Math.floor((to * 16_000) / 512));
      return windows.filter((probability) => probability > 0.5).length / windows.length;
    };
    for (const [from, to, isSpeech] of rows(dataFile('audio/labels.csv') ?? '')) {
      const share = voicedShare(Number(from), Number(to));
      if (isSpeech === '1') expect(share, from).toBeGreaterThan(0.5);
      else expect(share, from).toBeLessThan(0.15);
    }
  });
});
