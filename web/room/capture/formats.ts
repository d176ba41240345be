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

/** Null if this browser records nothing that the server takes. */
export function recordedType(hasAudio: boolean): string | null {
  if (!('MediaRecorder' in globalThis)) return null;
  const types = hasAudio ? TYPES : TYPES.filter((type) => !type.includes('opus'));
  return types.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
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
  return new MediaRecorder(stream, options as MediaRecorderOptions);
}
