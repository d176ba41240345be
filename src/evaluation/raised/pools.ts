import { decodeOwnSound } from '../../adapters/media/ffmpeg-sound.ts';
import type { FrameObservation, HeadPose } from '../../adapters/vision/vision.ts';
import { groupBy } from '../../group-by.ts';
import { FRONT } from '../../services/analysis/head-rest.ts';
import { listen } from '../../services/analysis/listen.ts';
import type { Span } from '../../services/analysis/timeline.ts';
import { watchClip } from '../clips.ts';
import type { Row } from '../csv.ts';
import { labelsOf, named } from '../data-folder.ts';
import { type Degradation, degradeImage } from '../degrade-image.ts';
import { type CoverKind, drawCover, faceCovers } from '../draw-cover.ts';
import { soundOf } from '../layout.ts';
import type { PersonOf } from '../people.ts';
import { clipOf, inChunks } from '../speech.ts';
import { mapAll, type Tools } from '../tools.ts';

/** A labelled picture, and what the detectors find in it and in altered copies: the frames of one scene. */
export interface Scene {
  file: string;
  /** Whose, for intervals. */
  cluster: string;
  labels: Row;
  views: FrameObservation[];
}

/** A picture of somebody who does nothing wrong, and the same with something over the face. */
export interface Sitter extends Scene {
  covered: FrameObservation[];
  /** What is over the face. */
  cover: CoverKind;
}

/** How far somebody who looks elsewhere is from where they rest. */
export interface Aside<Offset> {
  cluster: string;
  offsets: Offset[];
}

/** Seconds of one labelled clip of sound, in order, as they were heard. */
export interface Heard {
  cluster: string;
  seconds: Pick<Span<boolean>, 'state' | 'score'>[];
}

export interface Pools {
  sitters: Sitter[];
  phones: Scene[];
  several: Scene[];
  empty: Scene[];
  turned: Aside<Pick<HeadPose, 'yaw' | 'pitch'>>[];
  eyes: Aside<number>[];
  speech: Heard[];
  noise: Heard[];
  /** Portraits that are no sitters because nobody labelled who else is in them. */
  leftOut: number;
}

/** Copies of a picture as it might be a moment later: the light, the compression and the head change a little. */
const VIEWS: readonly (Degradation | null)[] = [
  null,
  { kind: 'dark', amount: 0.6 },
  { kind: 'jpeg', amount: 40 },
  { kind: 'blur', amount: 1 },
  { kind: 'turned', amount: 4 },
];
/** Each sits for an hour, half of it honestly, which takes a second of CPU after a second to look at the picture's copies. */
const MOST_SITTERS = 140;

const observeAll = async (image: Uint8Array, { vision }: Tools, views = VIEWS): Promise<FrameObservation[]> => {
  const seen: FrameObservation[] = [];
  for (const view of views) {
    const picture = view ? await degradeImage(image, view) : image;
    seen.push((await vision.observeImage(picture, { phones: true })).observation);
  }
  return seen;
};

/** What the detectors see and hear in everything that is labelled; null if there are no pictures of people who do nothing wrong. */
export async function fillPools(tools: Tools): Promise<Pools | null> {
  const { data } = tools;
  const rowsOf = async (table: string) => (await data.rows(table)) ?? [];
  const [pairs, counts, phones, poses] = [
    await rowsOf('pairs.csv'),
    await rowsOf('facecount/labels.csv'),
    await rowsOf('phone/labels.csv'),
    await rowsOf('pose/labels.csv'),
  ];
  const below = (folder: string, rows: readonly Row[], column: string, value: string) =>
    rows.filter((row) => row[column] === value).map((row) => ({ file: `${folder}/${row['file']}`, row }));
  const scenesOf = (those: readonly { file: string; row: Row }[]) =>
    mapAll(those, tools, async ({ file, row }): Promise<Scene> => {
      const views = await named(file, observeAll(await data.read(file), tools));
      return { file, cluster: data.personOf(file), labels: labelsOf(row, ['file', 'phone', 'class', 'faces', 'label']), views };
    });
  const alone = [...below('facecount', counts, 'class', '1'), ...below('pose', poses, 'label', 'frontal')].map(({ file }) => file);
  // Not those without a phone: most are streets and sports grounds, and nobody in them sits before a camera.
  const maybe = pairs.flatMap(({ a = '', b = '' }) => [a, b]);
  const files = byPerson([...new Set([...alone, ...maybe])], data.personOf).slice(0, MOST_SITTERS);
  const looked = await mapAll(files, tools, (file) => named(file, lookAtSitter(file, files.indexOf(file), tools)));
  const sitters = looked.filter((one) => one !== null && (alone.includes(one.file) || showsOne(one))) as Sitter[];
  if (sitters.length === 0) return null;
  return {
    sitters,
    leftOut: files.length - sitters.length,
    phones: await scenesOf(below('phone', phones, 'phone', '1')),
    several: await scenesOf(below('facecount', counts, 'class', '2+')),
    empty: await scenesOf(below('facecount', counts, 'class', '0')),
    turned: (await scenesOf(below('pose', poses, 'label', 'away'))).flatMap(({ cluster, views }) => {
      const offsets = views.flatMap(({ faces: [face] }) =>
        face ? [{ yaw: face.pose.yaw - FRONT.yaw, pitch: face.pose.pitch - FRONT.pitch }] : [],
      );
      return offsets.length > 0 ? [{ cluster, offsets }] : [];
    }),
    eyes: await eyesAside(tools),
    ...(await hearAll(tools)),
  };
}

/** The first picture of everybody, then the second ones. */
function byPerson(files: readonly string[], personOf: PersonOf): string[] {
  const own = [...groupBy(files, personOf).values()];
  const most = Math.max(0, ...own.map(({ length }) => length));
  return Array.from({ length: most }, (_, round) => own.flatMap((those) => those.slice(round, round + 1))).flat();
}

async function lookAtSitter(file: string, index: number, tools: Tools): Promise<Sitter | null> {
  const image = await tools.data.read(file);
  const { main } = await tools.vision.readFaceImage(image);
  if (!main) return null;
  const cover = faceCovers[index % faceCovers.length] ?? 'mask';
  const views = await observeAll(image, tools);
  const covered = await observeAll(await drawCover(image, main, cover), tools, VIEWS.slice(0, 2));
  return { file, cluster: tools.data.personOf(file), labels: {}, views, covered, cover };
}

/** Whether most copies show exactly one person. */
const showsOne = ({ views }: Scene) =>
  views.filter(({ faces, covered }) => faces.length === 1 || (faces.length === 0 && covered)).length > views.length / 2;

/** Gaze of the clips' frames in which the eyes are elsewhere, relative to the median of those in which they are not. */
async function eyesAside(tools: Tools): Promise<Aside<number>[]> {
  const rows = (await tools.data.rows('video/real_gaze.csv')) ?? [];
  const found: Aside<number>[] = [];
  for (const [file, ofFile] of groupBy(rows, (row) => `video/${row['file']}`)) {
    const samples = await named(file, watchClip(file, tools));
    const gazes = (isAway: boolean) =>
      samples.flatMap(({ time, faces: [face] }) => {
        const row = ofFile.find((one) => time >= Number(one['t0']) && time <= Number(one['t1']));
        return row && face?.gaze != null && (row['gaze'] !== 'center') === isAway ? [face.gaze] : [];
      });
    const ahead = gazes(false).sort((a, b) => a - b);
    const rest = ahead[ahead.length >> 1];
    const away = gazes(true);
    if (rest !== undefined && away.length > 0) found.push({ cluster: tools.data.personOf(file), offsets: away.map((gaze) => gaze - rest) });
  }
  return found;
}

async function hearAll(tools: Tools): Promise<Pick<Pools, 'speech' | 'noise'>> {
  const rows = (await tools.data.rows('audio/labels.csv')) ?? [];
  const heard = { speech: new Map<string, Heard>(), noise: new Map<string, Heard>() };
  for (const [file, ofFile] of groupBy(rows, soundOf)) {
    if (!tools.data.has(file)) continue;
    const samples = await named(file, decodeOwnSound(tools.ffmpeg, tools.data.path(file)));
    const spans = (await listen(inChunks(samples), tools.vision, () => {})) ?? [];
    for (const row of ofFile) {
      const those = spans.filter(({ start, end }) => start >= Number(row['t0']) && end <= Number(row['t1']));
      const pool = row['speech'] === '1' ? heard.speech : heard.noise;
      const cluster = clipOf(row);
      const known = pool.get(cluster) ?? { cluster, seconds: [] };
      known.seconds.push(...those.map(({ state, score }) => ({ state, score })));
      if (known.seconds.length > 0) pool.set(cluster, known);
    }
  }
  return { speech: [...heard.speech.values()], noise: [...heard.noise.values()] };
}
