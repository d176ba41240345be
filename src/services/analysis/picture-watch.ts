import type { Frame } from '../../adapters/vision/vision.ts';
import { thumbnail } from './scene.ts';
import { LONGEST_LAPSE_MS } from './sign-track.ts';

/** Out of 255. A covered lens or a camera without light stays below it; the darkest cell of a lit face is far above. */
const BLACK_CELL = 24;
/** Share of the cells: a camera's own lamp may reflect into a corner. */
const BLACK_SHARE = 0.99;

/**
 * Out of 255: the most that a cell may differ from the first picture of a still run. Measured: a still picture (including noise,
 * low bit rates and key frames) 1 to 6.5; a person who sits as still as possible 17 to 90 after a second.
 */
const STILL_CELL = 8;

/**
 * Seconds. Pictures that are further apart, since they were late or some were skipped, say nothing about the time between them:
 * a person who sits as before has moved meanwhile. Alike in every cell ten times in a row is nobody, however seldom they come.
 */
export const LONGEST_LAPSE = LONGEST_LAPSE_MS / 1_000;

/** What a picture says about the camera, regardless of who is in it. */
export interface PictureSigns {
  /** Nothing is visible: the camera is covered, off or in the dark. */
  black: boolean;
  /** Time of the first picture of the still run that ends with this one; its own time if something moved. */
  stillSince: number;
  /** Number of pictures in that run so far. */
  stillPictures: number;
}

/** A still run: its first picture as a thumbnail, when the latest one came, and how many there were; as JSON. */
export interface PictureMemory {
  time: number;
  latest: number;
  pictures: number;
  /** Base64. */
  cells: string;
}

/**
 * Judges pictures of one camera as they come, from a recording or one by one.
 * @param before the memory of an earlier instance that saw the pictures before
 */
export function createPictureWatch(before: PictureMemory | null = null) {
  let run: { time: number; latest: number; pictures: number; cells: Uint8Array } | null = before && {
    ...before,
    cells: Buffer.from(before.cells, 'base64'),
  };
  return {
    memory: (): PictureMemory | null => run && { ...run, cells: Buffer.from(run.cells).toString('base64') },

    see(time: number, frame: Frame): PictureSigns {
      const cells = thumbnail(frame);
      const goesOn = run !== null && time - run.latest <= LONGEST_LAPSE && isSame(run.cells, cells);
      run = goesOn && run ? { ...run, latest: time, pictures: run.pictures + 1 } : { time, latest: time, pictures: 1, cells };
      return { black: isBlack(cells), stillSince: run.time, stillPictures: run.pictures };
    },
  };
}

const isBlack = (cells: Uint8Array) => cells.reduce((dark, value) => dark + (value < BLACK_CELL ? 1 : 0), 0) >= cells.length * BLACK_SHARE;

/** Whether two thumbnails show the same, as far as noise lets it be told: a person who sits still moves more within a second. */
export const isSame = (a: Uint8Array, b: Uint8Array) => a.every((value, cell) => Math.abs(value - (b[cell] ?? 0)) <= STILL_CELL);
