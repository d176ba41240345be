import type { Box, Frame } from '../vision.ts';
import { models } from './models.ts';
import { OBJECTS_SIZE, type ObjectClass, objectClasses, PEOPLE_SIZE } from './nets.ts';
import { letterbox } from './sampling.ts';

const STRIDE = 4;

const sizes = { objects: OBJECTS_SIZE, people: PEOPLE_SIZE };

/** A place where the detector sees an object of one class. */
export interface Peak {
  /** 0..1. */
  score: number;
  box: Box;
  /** Centre. */
  x: number;
  y: number;
}

/** The objects of one class that score at least `minScore`. */
export type Objects = (kind: ObjectClass, minScore: number) => Peak[];

/** A look at a whole frame, which serves for phones and for people. */
export interface ObjectLook {
  objects: Objects;
  /** The frame in a letterbox of the net's size, 0..255, and its pixels per frame pixel. */
  pixels: Float32Array;
  zoom: number;
}

/** @param net `people` costs a third and misses what is small */
export async function lookForObjects(frame: Frame, net: keyof typeof sizes = 'objects'): Promise<ObjectLook> {
  const { pixels, zoom } = letterbox(frame, sizes[net], { scale: 1, offset: 0, fill: 0 });
  return { objects: await findObjects(pixels, zoom, net), pixels, zoom };
}

/**
 * Looks once for objects of all classes: peaks of their heat maps (CenterNet, Zhou et al. 2019, arXiv:1904.07850). Positions are in frame pixels.
 * @param pixels the frame in a letterbox of the net's size, 0..255
 * @param zoom letterbox pixels per frame pixel
 */
export async function findObjects(pixels: Float32Array, zoom: number, net: keyof typeof sizes = 'objects'): Promise<Objects> {
  const run = await models[net]();
  const { heat, extents } = await run(pixels, [1, sizes[net], sizes[net], 3]);
  const grid = sizes[net] / STRIDE;
  const boxAt = (x: number, y: number): Box => {
    const cell = (y * grid + x) * 4;
    const [left = 0, top = 0, right = 0, bottom = 0] = extents.subarray(cell, cell + 4);
    return { x: (x * STRIDE - left) / zoom, y: (y * STRIDE - top) / zoom, width: (left + right) / zoom, height: (top + bottom) / zoom };
  };
  return (kind, minScore) => {
    const channel = objectClasses.indexOf(kind);
    const heatAt = (x: number, y: number) =>
      x < 0 || y < 0 || x >= grid || y >= grid ? 0 : (heat[(y * grid + x) * objectClasses.length + channel] ?? 0);
    const isPeak = (x: number, y: number, value: number) => {
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) if (heatAt(x + dx, y + dy) > value) return false;
      return true;
    };
    const found: Peak[] = [];
    for (let y = 0; y < grid; y++) {
      for (let x = 0; x < grid; x++) {
        const score = heatAt(x, y);
        if (score >= minScore && isPeak(x, y, score))
          found.push({ score, box: boxAt(x, y), x: (x * STRIDE) / zoom, y: (y * STRIDE) / zoom });
      }
    }
    return found;
  };
}
