import type { StreamKind } from '../worker/protocol.ts';

/** Milliseconds of a chunk: what is lost at most with a browser that dies. Safari writes WebM in longer ones. */
export const SLICE_MS = 4_000;
/** A lost chunk costs the pictures until the next key frame. Browsers that do not know the option ignore it. */
const KEY_FRAME_MS = 2_000;

/** WebM first: for MP4, Chromium does not keep to the slices. Firefox records VP8 only. */
const TYPES = ['video/webm;codecs=vp8,opus', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'];

/** Bits per second: a face that can be recognised, speech that can be understood, text that can be read. */
const RATES: Record<StreamKind, { videoBitsPerSecond: number; audioBitsPerSecond?: number }> = {
  webcam: { videoBitsPerSecond: 600_000, audioBitsPerSecond: 48_000 },
  screen: { videoBitsPerSecond: 500_000 },
};

/** Of what is usual, while a backlog waits for the line. */
const FRUGAL_SHARE = 0.5;

/**
 * When, and which containers the server refused, on this device: after a reload the first chunk of the next run would be lost again. For
 * a day, since WebM is the better one and the server may be another by then.
 */
const REFUSED = 'invigil refused formats';
const DAY_MS = 86_400_000;
const containerOf = (type: string) => type.split(';', 1)[0] ?? '';

function readRefused(): string[] {
  try {
    const [at = '', ...containers] = (localStorage.getItem(REFUSED) ?? '').split(' ');
    return Date.now() - Number(at) < DAY_MS ? containers : [];
  } catch {
    return [];
  }
}
const refused = new Set(readRefused());

/** What this browser can record and the server may take, best first. What was refused comes last. */
function usableTypes(hasAudio: boolean): string[] {
  if (!('MediaRecorder' in globalThis)) return [];
  const types = hasAudio ? TYPES : TYPES.filter((type) => !type.includes('opus'));
  const isRefused = (type: string) => refused.has(containerOf(type));
  return types.filter((type) => MediaRecorder.isTypeSupported(type)).toSorted((a, b) => Number(isRefused(a)) - Number(isRefused(b)));
}

/** Null if this browser records nothing that the server takes. */
const recordedType = (hasAudio: boolean): string | null => usableTypes(hasAudio)[0] ?? null;

/**
 * The server does not take what was recorded as this type.
 * @returns whether another container is left
 */
export function refuseType(type: string): boolean {
  refused.add(containerOf(type));
  try {
    localStorage.setItem(REFUSED, [Date.now(), ...refused].join(' '));
  } catch {
    // Found out again after a reload.
  }
  return usableTypes(true).some((other) => !refused.has(containerOf(other)));
}

/**
 * @param isFrugal half of the bits for the pictures
 * @throws DOMException if the browser cannot record this stream
 */
export function createRecorder(kind: StreamKind, stream: MediaStream, isFrugal = false): MediaRecorder {
  const mimeType = recordedType(stream.getAudioTracks().length > 0);
  if (mimeType === null) throw new DOMException('Nothing can be recorded', 'NotSupportedError');
  const { videoBitsPerSecond, ...sound } = RATES[kind];
  const options = {
    mimeType,
    ...sound,
    videoBitsPerSecond: isFrugal ? videoBitsPerSecond * FRUGAL_SHARE : videoBitsPerSecond,
    videoKeyFrameIntervalDuration: KEY_FRAME_MS,
  };
  return new MediaRecorder(stream, options);
}
