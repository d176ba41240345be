import type { Ffmpeg, MediaInfo } from '../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../adapters/media/media-sniff.ts';
import type { FaceEmbedding, VisionProvider } from '../../adapters/vision/vision.ts';
import { unlessAborted } from '../../async/unless-aborted.ts';
import { describeEpisode, inWords } from '../warnings/catalogue.ts';
import { type AnalysisWarning, toSamples, toWarnings } from './episodes.ts';
import { findFrozenScreen } from './frozen-screen.ts';
import { createIdentityWatch, type IdentityWatch } from './identity.ts';
import { judgeScreen, type ScreenActivity, watchScreen } from './judge-screen.ts';
import { type FaceDetection, judgeWebcam, type SuspiciousActivity } from './judge-webcam.ts';
import { listen } from './listen.ts';
import { createProgress } from './progress.ts';
import { findShortUtterances } from './short-utterances.ts';
import type { Sensitivity } from './sign-track.ts';
import type { Segment } from './timeline.ts';
import { watchWebcam } from './watch-webcam.ts';

export interface AnalysisInput {
  /** A file on this machine. */
  path: string;
  /** As detected from its content. */
  format: MediaFormat;
  /** The result of `probe`, if it is known. */
  info?: MediaInfo;
  type: 'WEBCAM' | 'SCREEN';
  sensitivity: Sensitivity;
  /** The person who should be in front of the webcam; without it the analysis does not judge identity. */
  verifiedFace?: FaceEmbedding | null;
  /** When the client reported something that changes the picture of the screen, seconds from the start of a screen recording. */
  screenChanges?: readonly number[];
  /** An existing folder for decoded sound, 32 kB per second; the caller removes it. */
  workDir: string;
}

export interface AnalysisHooks {
  /** `fraction` of the whole analysis, never decreasing; called at most about a hundred times. */
  onProgress(stage: AnalysisStage, fraction: number): void;
  /** Stops the analysis: ffmpeg is killed, the promise rejects with the signal's reason. */
  signal: AbortSignal;
}

export type AnalysisStage = 'reading' | 'watching' | 'listening';

export interface AnalysisOutcome {
  /** Seconds, measured. */
  duration: number;
  /** Name and version of the detector. */
  detector: string;
  sampledFrames: number;
  /** Both are null for a screen recording; `screen` is null for a webcam recording. */
  faceDetection: FaceDetection | null;
  suspiciousActivity: SuspiciousActivity | null;
  screen: ScreenActivity | null;
  /**
   * Sorted by type, then by time. Types: face_present, face_covered, multiple_faces, no_face, camera_black, camera_frozen, face_still,
   * face_mismatch, phone_usage, looking_away, talking, screen_idle, screen_blank, screen_black.
   */
  segments: Segment[];
  warnings: AnalysisWarning[];
}

/** Samples per second. */
const FPS = 1;
const FIT = { width: 640, height: 480 };

/** What judges changes of pixels; no model looks at a screen recording. */
const SCREEN_DETECTOR = 'pixel-difference/2';

/**
 * Analyses the picture and sound of a recording.
 * @throws MediaError if it cannot be read or none of it can be decoded.
 */
export async function analyseMedia(
  input: AnalysisInput,
  { vision: provider, ffmpeg }: { vision: VisionProvider; ffmpeg: Ffmpeg },
  hooks: AnalysisHooks,
): Promise<AnalysisOutcome> {
  const { path, format, type, workDir } = input;
  const stop = new AbortController();
  const signal = AbortSignal.any([hooks.signal, stop.signal]);
  const vision = stoppableVision(provider, signal);
  const progress = createProgress<AnalysisStage>((stage, fraction) => hooks.onProgress(stage, fraction));
  progress('reading', 0);
  const info = input.info ?? (await ffmpeg.probe(path, format, signal));
  const media = ffmpeg.sample(path, format, { info, fit: FIT, fps: FPS, workDir, signal });
  const done = { watching: 0, listening: 0 };
  const advance = (stage: 'watching' | 'listening', seconds: number) => {
    done[stage] = seconds / info.duration;
    progress(done.watching < 1 ? 'watching' : 'listening', WATCHING_SHARE * done.watching + (1 - WATCHING_SHARE) * done.listening);
  };
  const collect = async <Sample extends { time: number }>(samples: AsyncIterable<Sample>) => {
    const all = await collectAll(samples, ({ time }) => advance('watching', time));
    advance('watching', info.duration);
    return all;
  };
  const timing = { duration: info.duration, interval: 1 / FPS };

  if (type === 'SCREEN') {
    const samples = await collect(watchScreen(media.frames));
    const { signs, idle, ...judged } = judgeScreen(samples, timing);
    const warnings = [...toWarnings(signs, input.sensitivity).map(withoutScore), ...findFrozenScreen(idle, input.screenChanges ?? [])];
    return {
      duration: info.duration,
      detector: SCREEN_DETECTOR,
      sampledFrames: samples.length,
      faceDetection: null,
      suspiciousActivity: null,
      ...judged,
      warnings: warnings.toSorted(byStart),
    };
  }
  const identity = createIdentityWatch(input.verifiedFace ?? null);
  // In parallel, because otherwise each would wait for the other's processor. If one fails, the other is stopped.
  const [samples, talk] = await allOrStop(
    [
      collect(watchWebcam(media.frames, vision, identity)),
      media.sound ? listen(stoppable(media.sound(), signal), vision, (seconds) => advance('listening', seconds)) : Promise.resolve(null),
    ],
    stop,
  );
  const { signs, ...judged } = judgeWebcam(samples, talk, { ...timing, stalls: info.stalls });
  const strangers = identity.segments();
  const face_mismatch = toSamples(strangers.map(toSpan), () => true, timing.interval);
  const warnings = toWarnings({ ...signs, face_mismatch }, input.sensitivity).map((warning) => withReason(warning, identity));
  const talking = warnings.filter(({ type }) => type === 'talking').map(({ startSeconds: start, endSeconds: end }) => ({ start, end }));
  return {
    duration: info.duration,
    detector: vision.detector,
    sampledFrames: samples.length,
    screen: null,
    ...judged,
    segments: [...judged.segments, ...strangers],
    warnings: [...warnings, ...findShortUtterances(talk ?? [], talking, input.sensitivity)].toSorted(byStart),
  };
}

/** Pixels are counted; there is no score. */
const withoutScore = (warning: AnalysisWarning): AnalysisWarning => ({ ...warning, confidence: null });

const byStart = (a: AnalysisWarning, b: AnalysisWarning) => a.startSeconds - b.startSeconds;

const toSpan = ({ startSeconds: start, endSeconds: end, confidence: score }: Segment) => ({ start, end, state: true, score });

/** A warning about somebody's identity says on how many pictures it is based. */
function withReason(warning: AnalysisWarning, identity: IdentityWatch): AnalysisWarning {
  const reason = warning.type === 'face_mismatch' ? identity.describe(warning.startSeconds) : null;
  if (!reason) return warning;
  const { type, startSeconds, endSeconds } = warning;
  return { ...warning, details: `${describeEpisode(type)}, ${reason}, for ${inWords(endSeconds - startSeconds)}` };
}

/** Share of the total time; listening is quick. */
const WATCHING_SHARE = 0.95;

/** Waits until both have settled; the first failure stops the other through `stop`. */
async function allOrStop<A, B>(both: [Promise<A>, Promise<B>], stop: AbortController): Promise<[A, B]> {
  for (const each of both) each.catch((error: unknown) => stop.abort(error));
  await Promise.allSettled(both);
  // The one that was stopped fails with the same error.
  return Promise.all(both);
}

/** When a service is down an answer may take minutes; stopping an analysis must not wait for it. */
const stoppableVision = (vision: VisionProvider, signal: AbortSignal): VisionProvider => ({
  ...vision,
  observe: (frame, look) => unlessAborted(signal, vision.observe(frame, look)),
});

async function collectAll<Item>(items: AsyncIterable<Item>, onItem: (item: Item) => void): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) {
    all.push(item);
    onItem(item);
  }
  return all;
}

async function* stoppable<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}
