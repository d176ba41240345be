import type { StreamKind } from '../worker/protocol.ts';
import type { CaptureOptions } from './capture.ts';

/** 640 × 480 at 15 pictures per second: enough for a face, and little for a poor line. */
const CAMERA = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15, max: 30 } };
/** Text can be read, and a film on it is not wanted. */
const SCREEN = { displaySurface: 'monitor', width: { max: 1_920 }, height: { max: 1_200 }, frameRate: { ideal: 5, max: 10 } };
const USUAL: Record<StreamKind, MediaTrackConstraints> = { webcam: CAMERA, screen: SCREEN };
/** Still enough to see what somebody does, and what is on a screen. */
const FEW_PICTURES: Record<StreamKind, ConstrainDouble> = { webcam: { ideal: 6, max: 6 }, screen: { ideal: 2, max: 2 } };
/** A track that is muted for less is no loss: browsers mute while they switch. */
const MUTED_MS = 3_000;

interface Found {
  /** The track, or why there is none; null if it was not asked for. */
  video: MediaStreamTrack | Error | null;
  audio: MediaStreamTrack | Error | null;
}

const exact = (id: string | undefined) => (id === undefined ? {} : { deviceId: { exact: id } });

/** Errors that one device causes while the other may work. */
const OF_ONE = new Set(['NotFoundError', 'NotReadableError', 'AbortError', 'OverconstrainedError']);

/**
 * Asks for camera and microphone in one question. Where one of them fails, the other is tried alone.
 * @returns for each the track or the error
 */
export async function openDevices(
  { camera, microphone }: CaptureOptions['wants'],
  { cameraId, microphoneId }: { cameraId?: string; microphoneId?: string },
): Promise<Found> {
  const video = camera && { ...CAMERA, ...exact(cameraId) };
  const audio = microphone && exact(microphoneId);
  const ask = async (constraints: MediaStreamConstraints): Promise<MediaStream | Error> => {
    // Missing on an address that is not secure.
    if (!navigator.mediaDevices) return new DOMException('There is no camera for this address', 'SecurityError');
    try {
      return await navigator.mediaDevices.getUserMedia(constraints);
    } catch (error) {
      return error as Error;
    }
  };
  const both = await ask({ video, audio });
  if (both instanceof MediaStream) return { video: both.getVideoTracks()[0] ?? null, audio: both.getAudioTracks()[0] ?? null };
  if (!OF_ONE.has(both.name)) return { video: camera ? both : null, audio: microphone ? both : null };
  // Without wishes, and one by one.
  const alone = camera ? await ask({ video: true }) : null;
  const sound = microphone ? await ask({ audio: true }) : null;
  return {
    video: alone instanceof MediaStream ? (alone.getVideoTracks()[0] ?? null) : alone,
    audio: sound instanceof MediaStream ? (sound.getAudioTracks()[0] ?? null) : sound,
  };
}

/** Fewer pictures per second, or as many as usual. A device that cannot goes on as it is. */
export function setFrameRate(track: MediaStreamTrack, kind: StreamKind, isFrugal: boolean): void {
  const constraints = isFrugal ? { ...USUAL[kind], frameRate: FEW_PICTURES[kind] } : USUAL[kind];
  void track.applyConstraints(constraints).catch(() => {});
}

/** A window or a tab was shared. */
class WrongSurface extends Error {
  override readonly name = 'WrongSurface';
  readonly blocker = 'wrong-surface';
}

/**
 * Asks for the whole screen. Where the browser does not tell what was shared (Firefox, Safari), it is taken: the proctor sees it.
 * @throws WrongSurface; DOMException of the browser
 */
export async function openScreenShare(): Promise<{ stream: MediaStream; track: MediaStreamTrack }> {
  if (!navigator.mediaDevices?.getDisplayMedia) throw new DOMException('No screen can be shared here', 'NotSupportedError');
  const options = { video: SCREEN, monitorTypeSurfaces: 'include', selfBrowserSurface: 'exclude', surfaceSwitching: 'exclude' };
  const stream = await navigator.mediaDevices.getDisplayMedia(options);
  const track = stream.getVideoTracks()[0];
  if (!track) throw new DOMException('Nothing was shared', 'NotFoundError');
  const surface = track.getSettings().displaySurface;
  if (surface !== undefined && surface !== 'monitor') {
    track.stop();
    throw new WrongSurface();
  }
  return { stream, track };
}

interface Watched {
  onEnded(): void;
  onMuted?(): void;
  onUnmuted?(): void;
}

/** What becomes of a track. `stop()` by this page is no event. */
export function watchTrack(track: MediaStreamTrack, { onEnded, onMuted, onUnmuted }: Watched): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isTold = false;
  track.addEventListener('ended', () => {
    clearTimeout(timer);
    onEnded();
  });
  track.addEventListener('mute', () => {
    timer = setTimeout(() => {
      isTold = true;
      onMuted?.();
    }, MUTED_MS);
  });
  track.addEventListener('unmute', () => {
    clearTimeout(timer);
    if (isTold) onUnmuted?.();
    isTold = false;
  });
}
