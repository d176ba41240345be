import type { Box, Frame, ObservedFace } from '../../adapters/vision/vision.ts';
import { LONGEST_LAPSE } from './picture-watch.ts';

/** Rows and columns of mean brightness by which a face is compared: small movements show, noise does not. */
const PRINT_SIZE = 8;

/**
 * Correlation of the print of a place with its first print. Measured at one frame per second: portraits .997 to 1 (including a
 * face of 35 pixels, noise and changing light), people .73 to .996 with medians from .945 to .985.
 */
const SAME_PRINT = 0.99;
/** Consecutive differing sightings after which the face counts as moved: a hand may pass in front of a portrait. */
const MOST_MISSES = 2;
/** Share of the smaller box that lies inside the other. */
const SAME_PLACE = 0.5;
/** Seconds for which a hidden place is remembered. */
const REMEMBER = 600;

/** Seconds without any movement after which a face counts as a portrait. */
const PORTRAIT_SECONDS = 30;
/** Seconds from the start within which a portrait that was always there comes into view. */
const FROM_THE_START = 3;
/** Seconds for which a face must have stood still before it is searched for elsewhere: moving the camera moves everything on the wall. */
const SETTLED_SECONDS = 10;
/**
 * How far the place may have moved, in longer sides of its box, how much its size may differ, and how similar its print must be:
 * measured .75 to .93 for a portrait (including one at the edge of the picture), at most .47 for another person.
 */
const MOVED_REACH = 3;
const MOVED_SCALE = 1.3;
const MOVED_PRINT = 0.6;

/** A place where a face stood still: a living person's face does so for a few seconds at most. */
export interface FacePlace {
  /** Seconds: its first and its latest sighting. */
  since: number;
  until: number;
  /** The first sighting after which no two were further apart than `LONGEST_LAPSE`. */
  steadySince: number;
  /** Seconds: the longest time for which that held. */
  steadiest: number;
  /** Whether it was there from the first seconds, or stood still elsewhere before the camera was moved. */
  isPresumed: boolean;
}

export const NOWHERE: FacePlace = { since: 0, until: 0, steadySince: 0, steadiest: 0, isPresumed: false };

interface Place extends FacePlace {
  box: Box;
  print: Float64Array;
  misses: number;
}

/** The most recently seen faces, as JSON. */
export interface FacePlacesMemory {
  /** Seconds: time of the first frame. */
  began: number;
  size: string;
  places: (FacePlace & { box: Box; print: number[]; misses: number })[];
}

/** More faces than this are a crowd. */
const MOST_REMEMBERED = 6;

/**
 * Tracks whether faces stand still over the frames of one camera, in order. Returns the place of each face; its `until` grows.
 * @param before the memory of an earlier instance that saw the frames before
 */
export function createFacePlaces(before: FacePlacesMemory | null = null) {
  let places: Place[] = (before?.places ?? []).map(({ print, ...place }) => Object.assign(place, { print: Float64Array.from(print) }));
  let size = before?.size ?? '';
  let began = before?.began ?? Infinity;

  /** Whether a face looks like a presumed portrait that stood still elsewhere and is no longer there. */
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
        if (known.misses === 0) sightAgain(known, time);
        return known;
      }
    }
    const print = printOf(frame, box);
    const isPresumed = time - began <= FROM_THE_START || wasElsewhere(time, box, print);
    const place = { box, since: time, until: time, steadySince: time, steadiest: 0, isPresumed, print, misses: 0 };
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

function sightAgain(place: Place, time: number): void {
  if (time - place.until > LONGEST_LAPSE) place.steadySince = time;
  place.until = time;
  place.steadiest = Math.max(place.steadiest, time - place.steadySince);
}

const toFourPlaces = (value: number) => Math.round(value * 1e4) / 1e4;

/** The time for which a face was seen not to move, without a lapse before its latest sighting. */
export const steadySeconds = ({ steadySince, until }: FacePlace) => until - steadySince;

export const stillSeconds = ({ since, until }: FacePlace) => until - since;

/** Whether a face has not moved for so long that it cannot be a living person's. */
export const isLifeless = (place: FacePlace) => stillSeconds(place) >= PORTRAIT_SECONDS;

interface Seen {
  faces: readonly ObservedFace[];
  /** One per face. */
  places: readonly FacePlace[];
}

/**
 * Seconds: a smaller face beside a moving one that has not moved for so long is not counted until it does. People pass for still from
 * one second to the next in a few of a hundred pictures.
 */
const UNMOVED_SECONDS = 1;

/**
 * The faces of a frame without portraits behind the candidate, as far as known. Beside a larger face: those that have not moved for
 * long, or are presumed not to; if the larger one moves, also those that were seen not to move at all since they came into view,
 * such as a picture on a wall that was hidden. Beside a face of any size that moves: those that have not moved for long, or not
 * since the first seconds.
 * @public for frames that arrive one by one
 */
export function withoutPortraitsSoFar({ faces, places }: Seen): ObservedFace[] {
  const placeOf = (index: number) => places[index] ?? NOWHERE;
  const isMoving = (index: number) => stillSeconds(placeOf(index)) < UNMOVED_SECONDS;
  const largest = Math.max(...faces.map(({ box }) => box.width));
  const isLargest = ({ box }: ObservedFace) => box.width >= largest;
  const movesLargest = faces.some((face, index) => isLargest(face) && isMoving(index));
  const movesOther = faces.some((face, index) => !isLargest(face) && isMoving(index));
  const isPoster = (index: number) => isLifeless(placeOf(index)) || (placeOf(index).isPresumed && !isMoving(index));
  const hasPoster = movesOther && faces.some((face, index) => isLargest(face) && isPoster(index));
  return faces.filter((face, index) => {
    const place = placeOf(index);
    if (isLargest(face)) return !(hasPoster && isPoster(index));
    return !(isLifeless(place) || (place.isPresumed && !hasPoster) || (movesLargest && !isMoving(index)));
  });
}

/** Sightings beside a living person after which a lifeless face counts as a portrait. */
const LEAST_COMPANY = 5;

/**
 * The places of all portraits of a recording. A lifeless face counts as a portrait only if a living one was seen beside it, of
 * whatever size: alone, it might be a picture held before the camera in the candidate's place.
 */
export function findPortraits(frames: readonly Seen[]): Set<FacePlace> {
  const company = new Map<FacePlace, number>();
  for (const { faces, places } of frames) {
    if (!faces.some((_face, index) => !isLifeless(places[index] ?? NOWHERE))) continue;
    for (const place of places) {
      if (isLifeless(place)) company.set(place, (company.get(place) ?? 0) + 1);
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

/** Mean green of a grid over the box, normalised by mean and spread, so that a change of light changes nothing. */
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

/** For prints, which have zero mean and unit length. */
const correlation = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, cell) => sum + value * (b[cell] ?? 0), 0);
