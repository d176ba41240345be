import type { Box, Frame, ObservedFace } from '../../adapters/vision/vision.ts';

/** A face is looked at as so many rows and columns of mean brightness: small movements show, noise does not. */
const PRINT_SIZE = 8;

/**
 * Correlation of a place's print with its first one. Measured at one frame a second: portraits .997 to 1 (a face of 35
 * pixels, noise and changing light included), people .73 to .996 with medians from .945 to .985.
 */
const SAME_PRINT = 0.99;
/** Sightings in a row that differ, until what is there counts as moved: a hand may pass before a portrait. */
const MOST_MISSES = 2;
/** Share of the smaller box that lies in the other. */
const SAME_PLACE = 0.5;
/** Seconds for which a place is remembered that is hidden. */
const REMEMBER = 600;

/** Seconds for which a face has not moved at all until it counts as a portrait. */
const PORTRAIT_SECONDS = 30;
/** Seconds from the beginning in which a portrait that was always there comes into view. */
const FROM_THE_START = 3;
/** Seconds for which a face must have stood still to be looked for elsewhere: who moves the camera moves all that hangs on the wall. */
const SETTLED_SECONDS = 10;
/**
 * How far that may be, in longer sides of its box, how much larger or smaller it may be then, and how alike its print:
 * measured .75 to .93 of a portrait, one at the edge of the picture among them, .47 at most of somebody else.
 */
const MOVED_REACH = 3;
const MOVED_SCALE = 1.3;
const MOVED_PRINT = 0.6;

/** Where a face was seen to stand still: no living person's does for more than a few seconds. */
export interface FacePlace {
  /** Seconds; of its first and its latest sighting. */
  since: number;
  until: number;
  /** Whether it was there from the first seconds, or stood still elsewhere before the camera was moved. */
  isPresumed: boolean;
}

export const NOWHERE: FacePlace = { since: 0, until: 0, isPresumed: false };

interface Place extends FacePlace {
  box: Box;
  print: Float64Array;
  misses: number;
}

/** As JSON, of the faces that were seen last. */
export interface FacePlacesMemory {
  /** Seconds; of the first frame. */
  began: number;
  size: string;
  places: (FacePlace & { box: Box; print: number[]; misses: number })[];
}

/** More faces than these are a crowd. */
const MOST_REMEMBERED = 6;

/**
 * Follows whether faces stand still, over the frames of one camera in order. Of each face it answers its place, whose `until` grows.
 * @param before the memory of another one that saw the frames before
 */
export function createFacePlaces(before: FacePlacesMemory | null = null) {
  let places: Place[] = (before?.places ?? []).map(({ print, ...place }) => Object.assign(place, { print: Float64Array.from(print) }));
  let size = before?.size ?? '';
  let began = before?.began ?? Infinity;

  /** Whether a face looks like what is taken for a portrait, stood still elsewhere, and is not there any more. */
  const wasElsewhere = (time: number, box: Box, print: Float64Array) =>
    places.some(
      (old) =>
        old.until < time &&
        (old.isPresumed || isLifeless(old)) &&
        stillSeconds(old) >= SETTLED_SECONDS &&
        isNear(old.box, box) &&
        isAlikeInSize(old.box, box) &&
        correlation(old.print, print) >= MOVED_PRINT,
    );

  function find(time: number, frame: Frame, box: Box): Place {
    const known = places.find((place) => overlap(place.box, box) >= SAME_PLACE);
    if (known) {
      known.misses = correlation(known.print, printOf(frame, known.box)) >= SAME_PRINT ? 0 : known.misses + 1;
      if (known.misses < MOST_MISSES) {
        if (known.misses === 0) known.until = time;
        return known;
      }
    }
    const print = printOf(frame, box);
    const isPresumed = time - began <= FROM_THE_START || wasElsewhere(time, box, print);
    const place = { box, since: time, until: time, isPresumed, print, misses: 0 };
    places = [...places.filter((other) => other !== known), place];
    return place;
  }

  return {
    memory(): FacePlacesMemory {
      const latest = places.toSorted((a, b) => b.until - a.until).slice(0, MOST_REMEMBERED);
      return { began, size, places: latest.map(({ print, ...place }) => Object.assign(place, { print: Array.from(print, toFourPlaces) })) };
    },

    see(time: number, frame: Frame, faces: readonly Pick<ObservedFace, 'box'>[]): FacePlace[] {
      if (size !== `${frame.width}×${frame.height}`) places = [];
      size = `${frame.width}×${frame.height}`;
      began = Math.min(began, time);
      places = places.filter(({ until }) => time - until <= REMEMBER);
      return faces.map(({ box }) => find(time, frame, box));
    },
  };
}

const toFourPlaces = (value: number) => Math.round(value * 1e4) / 1e4;

export const stillSeconds = ({ since, until }: FacePlace) => until - since;

/** Whether a face has not moved for so long that it is no living person's. */
export const isLifeless = (place: FacePlace) => stillSeconds(place) >= PORTRAIT_SECONDS;

interface Seen {
  faces: readonly ObservedFace[];
  /** Of each face. */
  places: readonly FacePlace[];
}

/**
 * The faces of a frame without portraits behind the candidate, by what is known so far: those that have not moved for long, or
 * are presumed not to, beside a larger face.
 * @public for frames that come one by one
 */
export function withoutPortraitsSoFar({ faces, places }: Seen): ObservedFace[] {
  const largest = Math.max(...faces.map(({ box }) => box.width));
  return faces.filter((face, index) => {
    const place = places[index] ?? NOWHERE;
    return face.box.width >= largest || !(isLifeless(place) || place.isPresumed);
  });
}

/** Sightings beside a living person by which a lifeless face is known as a portrait. */
const LEAST_COMPANY = 5;

/**
 * The places of all portraits of a recording. A lifeless face counts as one where a larger, living one was seen beside
 * it: were it alone, it might be held before the camera in the candidate's place.
 */
export function findPortraits(frames: readonly Seen[]): Set<FacePlace> {
  const company = new Map<FacePlace, number>();
  for (const { faces, places } of frames) {
    const living = faces.filter((_face, index) => !isLifeless(places[index] ?? NOWHERE));
    const largest = Math.max(0, ...living.map(({ box }) => box.width));
    for (const [index, place] of places.entries()) {
      if (isLifeless(place) && (faces[index]?.box.width ?? 0) < largest) company.set(place, (company.get(place) ?? 0) + 1);
    }
  }
  return new Set([...company].filter(([, sightings]) => sightings >= LEAST_COMPANY).map(([place]) => place));
}

const isNear = (a: Box, b: Box) =>
  Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2) <= MOVED_REACH * Math.max(a.width, a.height);

const isAlikeInSize = (a: Box, b: Box) => Math.max(a.width, b.width) <= MOVED_SCALE * Math.min(a.width, b.width);

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return (Math.max(0, width) * Math.max(0, height)) / Math.min(a.width * a.height, b.width * b.height);
}

/** Mean green of a grid over the box, less its mean and by its spread: a change of the light changes nothing. */
function printOf(frame: Frame, box: Box): Float64Array {
  const edge = (from: number, length: number, limit: number) =>
    Array.from({ length: PRINT_SIZE + 1 }, (_, step) => Math.min(limit, Math.max(0, Math.round(from + (step * length) / PRINT_SIZE))));
  const columns = edge(box.x, box.width, frame.width);
  const rows = edge(box.y, box.height, frame.height);
  const means = Float64Array.from({ length: PRINT_SIZE * PRINT_SIZE }, (_, cell) => {
    const row = Math.floor(cell / PRINT_SIZE);
    const column = cell % PRINT_SIZE;
    return meanGreen(frame, [columns[column] ?? 0, columns[column + 1] ?? 0], [rows[row] ?? 0, rows[row + 1] ?? 0]);
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  const norm = Math.hypot(...means.map((value) => value - mean)) || 1;
  return means.map((value) => (value - mean) / norm);
}

function meanGreen({ data, width }: Frame, [left, right]: readonly [number, number], [top, bottom]: readonly [number, number]): number {
  let sum = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) sum += data[(y * width + x) * 3 + 1] ?? 0;
  }
  return sum / Math.max(1, (right - left) * (bottom - top));
}

/** Of prints, which have no mean and unit length. */
const correlation = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, cell) => sum + value * (b[cell] ?? 0), 0);
