import type { FrameObservation } from '../adapters/vision/vision.ts';
import { judgeFaces } from '../services/analysis/judge-webcam.ts';
import { createPictureWatch } from '../services/analysis/picture-watch.ts';
import { named } from './data-folder.ts';
import { degradeImage } from './degrade-image.ts';
import { type CoverKind, coverKinds, cutFace, drawCover } from './draw-cover.ts';
import { figureOf, type Section, type Skipped } from './section.ts';
import { mapAll, type Tools } from './tools.ts';

const CASES = ['as it is', ...coverKinds, 'cut at the eyes', 'cut at the nose', 'light × 0.08'] as const;
type Case = (typeof CASES)[number];

/** Every portrait is looked at in every case. */
const MOST_PICTURES = 300;

/** The portraits of `pairs.csv` with drawings over the face, cut and darkened: what each is told as, like a snapshot. */
export async function evaluateCovers(tools: Tools): Promise<Section | Skipped> {
  const title = 'A face covered, cut or in the dark (drawn)';
  const rows = await tools.data.rows('pairs.csv');
  if (!rows) return { title, missing: 'pairs.csv (a, b, same) with its pictures' };
  const files = [...new Set(rows.flatMap(({ a = '', b = '' }) => [a, b]))].slice(0, MOST_PICTURES);
  const seen = (await mapAll(files, tools, (file) => lookAtAll(file, tools))).flat();
  return {
    title,
    figures: CASES.flatMap((name) => {
      const those = seen.filter((one) => one.name === name);
      const told = (what: string, states: readonly string[]) => figureOf(`${name}: ${what}`, those, ({ state }) => states.includes(state));
      return [told('no face or black', ['no_face', 'camera_black']), told('covered or cut', ['face_covered'])];
    }),
    groups: [],
    notes: [
      'intervals by drawing people anew; of none or all, exact for the people',
      'drawings are flatter and cuts straighter than what cameras see: cloth and hands are harder to tell from skin',
    ],
    plots: {},
    details: {
      missed: seen
        .filter(({ state }) => state === 'no_face' || state === 'camera_black')
        .map(({ file, name, state }) => ({ file, name, state })),
    },
  };
}

interface Seen {
  file: string;
  name: Case;
  /** Who is in it. */
  clusters: readonly string[];
  state: string;
}

async function lookAtAll(file: string, { data, vision }: Tools): Promise<Seen[]> {
  const image = await data.read(file);
  const { main } = await named(file, vision.readFaceImage(image));
  if (!main) return [];
  const make = (name: Case): Promise<Uint8Array> | Uint8Array => {
    if (name === 'as it is') return image;
    if (name === 'light × 0.08') return degradeImage(image, { kind: 'dark', amount: 0.08 });
    if (name === 'cut at the eyes') return cutFace(image, main, 'top');
    return name === 'cut at the nose' ? cutFace(image, main, 'bottom') : drawCover(image, main, name satisfies CoverKind);
  };
  const seen: Seen[] = [];
  for (const name of CASES) {
    const { observation, frame } = await named(file, vision.observeImage(await make(name), { phones: false }));
    const { black } = createPictureWatch().see(0, frame);
    seen.push({ file, name, clusters: [data.personOf(file)], state: stateOf(observation, black) });
  }
  return seen;
}

const stateOf = ({ faces, covered }: FrameObservation, black: boolean) => judgeFaces(faces, { black, covered }).state;
