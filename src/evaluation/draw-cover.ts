import sharp from 'sharp';
import { decodeImage } from '../adapters/vision/decode-image.ts';
import type { MainFace } from '../adapters/vision/vision.ts';

/** What is drawn over a face; a drawing is flatter than cloth, and easier to tell from skin. */
export type CoverKind = keyof typeof drawings;

/** Position in the face's box, upright: 0, 0 is its left end at the brows, 1, 1 its right end at the chin. */
type Place = readonly [x: number, y: number];

const ellipse = ([x, y]: Place, width: number, height: number) => ((x - 0.5) / width) ** 2 + ((y - 0.5) / height) ** 2 <= 1;

/** An arched upper edge over the nose, narrower towards the chin, shaded to the sides and by folds. */
function maskAt([x, y]: Place, colour: readonly number[]): readonly number[] | null {
  const aside = Math.abs(x - 0.5);
  const isOn = y > 0.3 + 0.5 * aside && y < 1.12 - 0.6 * aside && aside < 0.56 - 0.35 * Math.max(0, y - 0.7);
  const shade = 1 - 0.9 * aside ** 2 + 0.08 * Math.sin(y * 30);
  return isOn ? colour.map((value) => Math.min(255, Math.round(value * shade))) : null;
}

/** The colour at a place, or null for what was there. */
const drawings = {
  mask: (place: Place) => maskAt(place, [169, 199, 214]),
  'dark mask': (place: Place) => maskAt(place, [38, 40, 46]),
  scarf: ([x, y]: Place) => (y > 0.45 && y < 1.5 && x > -0.15 && x < 1.15 ? [138, 59, 70] : null),
  niqab: ([x, y]: Place) => {
    const isSlit = x > 0.02 && x < 0.98 && y > 0.12 && y < 0.42;
    const isCloth = y > 0.4 ? Math.abs(x - 0.5) < 0.85 : ellipse([x, y + 0.1], 0.85, 1.1);
    return isCloth && !isSlit ? [23, 22, 26] : null;
  },
  sunglasses: ([x, y]: Place) => {
    const isLens = [0.29, 0.71].some((middle) => Math.abs(x - middle) < 0.17) && Math.abs(y - 0.24) < 0.12;
    const isBridge = Math.abs(x - 0.5) < 0.14 && Math.abs(y - 0.2) < 0.015;
    const isArm = Math.abs(x - 0.5) > 0.34 && Math.abs(x - 0.5) < 0.58 && Math.abs(y - 0.2) < 0.02;
    return isLens || isBridge || isArm ? [18, 18, 22] : null;
  },
} satisfies Record<string, (place: Place) => readonly number[] | null>;

export const coverKinds = Object.keys(drawings) as CoverKind[];
/** Those that hide more of a face than the eyes: it is to be told as covered. */
export const faceCovers = coverKinds.filter((kind) => kind !== 'sunglasses');

/** The picture as PNG with something over its face. @param face as found in the picture */
export async function drawCover(image: Uint8Array, face: Pick<MainFace, 'box' | 'pose'>, kind: CoverKind): Promise<Buffer> {
  const { frame } = await decodeImage(image);
  const { width, height } = frame;
  const data = Uint8Array.from(frame.data);
  const angle = (face.pose.roll * Math.PI) / 180;
  const { box } = face;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [dx, dy] = [x - box.x - box.width / 2, y - box.y - box.height / 2];
      const place = [
        0.5 + (dx * Math.cos(angle) + dy * Math.sin(angle)) / box.width,
        0.5 + (dy * Math.cos(angle) - dx * Math.sin(angle)) / box.height,
      ] as const;
      const colour = drawings[kind](place);
      if (colour) data.set(colour, (y * width + x) * 3);
    }
  }
  return toPng(data, width, height);
}

/** The picture as PNG without what is above the eyes, or below the nose. */
export async function cutFace(image: Uint8Array, { box }: Pick<MainFace, 'box'>, part: 'top' | 'bottom'): Promise<Buffer> {
  const { frame } = await decodeImage(image);
  const at = Math.min(frame.height - 20, Math.max(20, Math.round(box.y + (part === 'top' ? 0.2 : 0.55) * box.height)));
  const rows = part === 'top' ? frame.data.subarray(at * frame.width * 3) : frame.data.subarray(0, at * frame.width * 3);
  return toPng(rows, frame.width, part === 'top' ? frame.height - at : at);
}

const toPng = (data: Uint8Array, width: number, height: number): Promise<Buffer> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
