import type { StreamKind } from '../worker/protocol.ts';
import type { RecordedChunk } from './capture.ts';
import { createRecorder, SLICE_MS } from './formats.ts';

interface Options {
  kind: StreamKind;
  stream: MediaStream;
  /** Server time, milliseconds since 1970. */
  now(): number;
  /** The first run records. */
  onBegin(): void;
  onChunk(chunk: RecordedChunk): void;
  /** Length of one run of a recorder, milliseconds: a run that is damaged costs no more than this. */
  rotateMs: number;
  /** Whether the next run is to have fewer bits. */
  isFrugal(): boolean;
}

/** Slices without data after which a recorder counts as stuck, as after a sleep. */
const PATIENCE = 3;
/** Before the first picture arrives, a recorder that was started never gives data. */
const FIRST_FRAME_MS = 5_000;

/**
 * A recorder that failed may never say that it stopped: neither the next run nor the hand-in waits for it longer. On a busy machine the
 * last data takes seconds, and if the next run were given before it, time would go back in the recording.
 */
const STOP_MS = 30_000;

/** One run of a MediaRecorder. */
interface Run {
  recorder: MediaRecorder;
  startedAt: number;
  /** Resolves when its last data was taken. */
  ended: Promise<void>;
  giveUp(): void;
}

export interface StreamRecorder {
  /** Resolves when the last chunk was given. */
  stop(): Promise<void>;
  /** The type of the present run; null between two. */
  format(): string | null;
}

/** Records one stream, in runs that follow one another without a gap. */
export function startStreamRecorder({ kind, stream, now, onBegin, onChunk, rotateMs, isFrugal }: Options): StreamRecorder {
  let run: Run | null = null;
  let isStopped = false;
  let hasBegun = false;
  let quietSlices = 0;
  // Two encoders for each stream for a moment: not of both streams in the same.
  let runMs = kind === 'screen' ? rotateMs / 2 : rotateMs;
  /** Chunks in the order in which they were recorded: the next run waits for the end of the one before. */
  let order: Promise<void> = Promise.resolve();

  function take(data: Blob, startedAt: number, durationMs: number, format: string): void {
    // Recorders give empty ones when they stop.
    if (data.size === 0) return;
    order = order.then(async () => onChunk({ kind, buffer: await data.arrayBuffer(), startedAt, durationMs, format })).catch(() => {});
  }

  function begin(before: Promise<void>): Run {
    const recorder = createRecorder(kind, stream, isFrugal());
    const begun: Run = { recorder, startedAt: now(), ended: Promise.resolve(), giveUp: () => {} };
    const held: [Blob, number, number][] = [];
    let isFirst = false;
    let sliceFrom = begun.startedAt;
    const release = () => {
      isFirst = true;
      for (const chunk of held.splice(0)) take(...chunk, recorder.mimeType);
    };
    recorder.addEventListener('start', () => {
      if (!hasBegun) onBegin();
      hasBegun = true;
      begun.startedAt = now();
      sliceFrom = begun.startedAt;
    });
    recorder.addEventListener('dataavailable', ({ data }) => {
      const from = sliceFrom;
      sliceFrom = now();
      quietSlices = 0;
      held.push([data, from, Math.max(1, Math.round(sliceFrom - from))]);
      if (isFirst) release();
      if (run === begun && recorder.state === 'recording' && sliceFrom - begun.startedAt >= runMs) rotate();
    });
    const stopped = new Promise<void>((resolve) => {
      begun.giveUp = resolve;
      recorder.addEventListener('stop', () => resolve(), { once: true });
    });
    // A track that was added or ended ends the recorder with an error, after its last data.
    recorder.addEventListener('error', () => {
      if (run === begun) replace();
    });
    const mayGo = before.then(release);
    begun.ended = Promise.all([stopped, mayGo]).then(release);
    recorder.start(SLICE_MS);
    return begun;
  }

  /** The new run begins before the old one stops: they overlap for a moment, and nothing is between them. */
  function rotate(): void {
    const old = run;
    if (!old || isStopped) return;
    runMs = rotateMs;
    const next = begin(old.ended);
    run = next;
    next.recorder.addEventListener('start', () => stopRun(old), { once: true });
  }

  /** The run gave up, or gives nothing any more. */
  function replace(): void {
    const old = run;
    run = null;
    if (old) stopRun(old);
    if (isStopped || !isLive()) return;
    try {
      run = begin(old?.ended ?? Promise.resolve());
    } catch {
      // The watchdog tries again.
    }
  }

  function stopRun({ recorder, giveUp }: Run): void {
    setTimeout(giveUp, STOP_MS);
    if (recorder.state !== 'inactive') recorder.stop();
  }

  const isLive = () => stream.getVideoTracks().some(({ readyState }) => readyState === 'live');

  const watchdog = setInterval(() => {
    if (isStopped || !isLive()) return;
    if (!run || run.recorder.state === 'inactive') return replace();
    quietSlices += 1;
    if (quietSlices === PATIENCE) run.recorder.requestData();
    else if (quietSlices > PATIENCE) {
      quietSlices = 0;
      replace();
    }
  }, SLICE_MS);

  async function start(): Promise<void> {
    await firstFrame(stream);
    if (!isStopped) replace();
  }
  const started = start();

  return {
    format: () => run?.recorder.mimeType ?? null,
    async stop() {
      isStopped = true;
      clearInterval(watchdog);
      await started;
      const last = run;
      run = null;
      if (last) {
        stopRun(last);
        await last.ended;
      }
      await order;
    },
  };
}

async function firstFrame(stream: MediaStream): Promise<void> {
  const track = stream.getVideoTracks()[0];
  if (!track?.muted) return;
  await new Promise<void>((resolve) => {
    track.addEventListener('unmute', () => resolve(), { once: true });
    setTimeout(resolve, FIRST_FRAME_MS);
  });
}
