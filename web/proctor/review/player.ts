import { NetworkError } from '../../shared/api.ts';
import { createStore } from '../../shared/store.ts';
import { type Clip, clipAt, type Clips, nextCovered, positionIn } from './clips.ts';
import { TRACKS, type TrackType } from './model.ts';

export type Shows = 'both' | TrackType;
/** `none`: nothing was recorded then. `broken`: the browser cannot play it. */
export type PaneState = 'off' | 'none' | 'loading' | 'ready' | 'broken';

export interface PlayerState {
  isPlaying: boolean;
  speed: number;
  shows: Shows;
  hasSound: boolean;
  panes: Readonly<Record<TrackType, PaneState>>;
  /** The newest time without any recording that was skipped. */
  skipped: { from: number; to: number } | null;
  isAtEnd: boolean;
}

export const SPEEDS = [0.5, 1, 1.5, 2, 3, 4] as const;

interface Options {
  /** The address of a recording, and a new one when that has ended. @throws if there is none */
  link(recordingId: string): string;
  renew(recordingId: string): Promise<string>;
}

/** A video that is so far from the clock is put there; one that is nearer is played faster or slower until it is. */
const MOST_DRIFT = 0.2;
/** A page that draws no frames for longer was hidden or busy: the clock stood still. */
const MOST_STEP_MS = 250;
/** How often the page hears of the time while it plays. */
const TOLD_MS = 200;
/** So long before its end a recording still has a picture. */
const LAST_MS = 50;
const RENEWED_AGAIN_MS = 20_000;
/** Without a network a link is asked for again after so long. */
const OFFLINE_MS = 3_000;
/** Until full speed is reached. */
const START_MS = 500;
const HAVE_METADATA = 1;
const HAVE_FUTURE_DATA = 3;

interface Pane {
  video: HTMLVideoElement | null;
  recordingId: string | null;
}

/**
 * Plays camera and screen on one clock, which is the time of the exam. The clock stands still as long as one of them has to be loaded,
 * and jumps over what was not recorded. It draws nothing.
 */
export function createPlayer({ link, renew }: Options) {
  const state = createStore<PlayerState>({
    isPlaying: false,
    speed: 1,
    shows: 'both',
    hasSound: true,
    panes: { WEBCAM: 'none', SCREEN: 'none' },
    skipped: null,
    isAtEnd: false,
  });
  const time = createStore<{ at: number }>({ at: 0 });
  const panes: Record<TrackType, Pane> = { WEBCAM: { video: null, recordingId: null }, SCREEN: { video: null, recordingId: null } };
  const renewedAt = new Map<string, number>();
  const broken = new Set<string>();
  let clips: Clips = { WEBCAM: [], SCREEN: [] };
  let now = 0;
  let toldAt = 0;
  let before = 0;
  let frame = 0;
  /** Since when both run, by the clock of frames. */
  let runningSince: number | null = null;

  /** Sound begins some time after the picture: what runs at four times the speed at once is apart before it is corrected. */
  function speedNow(): number {
    const { speed } = state.get();
    const share = runningSince === null ? 0 : Math.min(1, (before - runningSince) / START_MS);
    return speed <= 1 ? speed : 1 + (speed - 1) * share;
  }

  const isShown = (type: TrackType) => state.get().shows === 'both' || state.get().shows === type;
  const playable = (type: TrackType) => clips[type].filter(({ recordingId }) => !broken.has(recordingId));
  const shownClips = () => TRACKS.filter(isShown).flatMap(playable);

  function tell(stamp = performance.now()): void {
    toldAt = stamp;
    time.set({ at: Math.round(now) });
  }

  function setPane(type: TrackType, next: PaneState): void {
    const all = state.get().panes;
    if (all[type] !== next) state.set({ panes: { ...all, [type]: next } });
  }

  function leave(pane: Pane): void {
    if (pane.recordingId === null || !pane.video) return;
    pane.recordingId = null;
    pane.video.pause();
    pane.video.removeAttribute('src');
    pane.video.load();
  }

  function open(pane: Pane, { recordingId }: Clip): void {
    if (!pane.video) return;
    pane.recordingId = recordingId;
    pane.video.src = link(recordingId);
    pane.video.load();
  }

  /** Puts the video of one track where the clock is. @returns whether the clock may go on */
  function align(type: TrackType, isPlaying: boolean): boolean {
    const pane = panes[type];
    const { video } = pane;
    if (!video) return true;
    if (!isShown(type)) {
      leave(pane);
      setPane(type, 'off');
      return true;
    }
    const clip = clipAt(playable(type), now, pane.recordingId);
    if (!clip) {
      video.pause();
      setPane(type, clipAt(clips[type], now) ? 'broken' : 'none');
      return true;
    }
    if (pane.recordingId !== clip.recordingId) open(pane, clip);
    if (video.readyState < HAVE_METADATA || video.seeking) {
      setPane(type, 'loading');
      return false;
    }
    const want = positionIn(clip, now);
    const drift = want - video.currentTime;
    // The end of a file may be a little before that of its last stretch.
    if (want >= video.duration - 0.05 && video.currentTime >= video.duration - MOST_DRIFT) {
      setPane(type, 'ready');
      return true;
    }
    if (Math.abs(drift) > (isPlaying ? MOST_DRIFT : 0.02)) {
      video.currentTime = want;
      setPane(type, 'loading');
      return false;
    }
    const speed = speedNow();
    video.playbackRate = isPlaying ? Math.min(16, Math.max(0.1, speed * (1 + Math.max(-0.5, Math.min(0.5, drift * 2))))) : speed;
    const isReady = video.readyState >= HAVE_FUTURE_DATA || video.ended;
    setPane(type, isReady || !isPlaying ? 'ready' : 'loading');
    return isReady;
  }

  function run(video: HTMLVideoElement | null, isRunning: boolean): void {
    if (!video) return;
    if (!isRunning) return video.pause();
    if (!video.paused || video.ended) return;
    video.play().catch((error: unknown) => {
      // Browsers that want a click before there is sound.
      if (error instanceof DOMException && error.name === 'NotAllowedError') state.set({ isPlaying: false });
    });
  }

  /** Over what nobody recorded, or to the end. */
  function skipGap(): void {
    const shown = shownClips();
    if (shown.some(({ from, to }) => now >= from && now < to)) return;
    const next = nextCovered(shown, now);
    if (next === null) {
      // The last picture stays in sight.
      const end = shown.reduce((latest, { to }) => Math.max(latest, to), 0);
      if (end > 0) now = Math.min(now, end - LAST_MS);
      state.set({ isPlaying: false, isAtEnd: true });
      return tell();
    }
    state.set({ skipped: { from: now, to: next } });
    now = next;
    tell();
  }

  function tick(stamp: number): void {
    frame = requestAnimationFrame(tick);
    const step = Math.min(MOST_STEP_MS, stamp - before);
    before = stamp;
    if (state.get().isPlaying) skipGap();
    const { isPlaying } = state.get();
    const areReady = TRACKS.map((type) => align(type, isPlaying)).every(Boolean);
    for (const type of TRACKS) {
      const isOver = state.get().panes[type] !== 'ready';
      run(panes[type].video, isPlaying && areReady && !isOver);
    }
    if (!isPlaying || !areReady) {
      runningSince = null;
      return;
    }
    runningSince ??= stamp;
    now += step * speedNow();
    if (stamp - toldAt >= TOLD_MS) tell(stamp);
  }

  /** The link has ended, or the file is none that this browser can play: a new link tells which. */
  async function onError(type: TrackType): Promise<void> {
    const pane = panes[type];
    const { recordingId } = pane;
    if (recordingId === null) return;
    const isAgain = performance.now() - (renewedAt.get(recordingId) ?? Number.NEGATIVE_INFINITY) < RENEWED_AGAIN_MS;
    renewedAt.set(recordingId, performance.now());
    try {
      if (isAgain) throw new Error('a new link does not help');
      const url = await renew(recordingId);
      if (pane.recordingId !== recordingId || !pane.video) return;
      pane.video.src = url;
      pane.video.load();
    } catch (error) {
      if (error instanceof NetworkError) {
        renewedAt.delete(recordingId);
        setTimeout(() => pane.recordingId === recordingId && void onError(type), OFFLINE_MS);
        return;
      }
      broken.add(recordingId);
      if (pane.recordingId === recordingId) leave(pane);
    }
  }

  function onHidden(): void {
    if (document.hidden) state.set({ isPlaying: false });
  }

  return {
    state,
    time,
    clock: () => now,

    /** @returns lets go of the video */
    attach(type: TrackType, video: HTMLVideoElement): () => void {
      const pane: Pane = { video, recordingId: null };
      panes[type] = pane;
      const failed = () => void onError(type);
      video.addEventListener('error', failed);
      return () => {
        video.removeEventListener('error', failed);
        leave(pane);
        if (panes[type] === pane) panes[type] = { video: null, recordingId: null };
      };
    },

    /** What there is to play; the place stays. */
    setClips(next: Clips): void {
      clips = next;
    },

    start(): () => void {
      before = performance.now();
      frame = requestAnimationFrame(tick);
      document.addEventListener('visibilitychange', onHidden);
      return () => {
        cancelAnimationFrame(frame);
        document.removeEventListener('visibilitychange', onHidden);
        for (const type of TRACKS) run(panes[type].video, false);
        state.set({ isPlaying: false });
      };
    },

    seek(at: number): void {
      now = at;
      state.set({ skipped: null, isAtEnd: false });
      tell();
    },
    play(isPlaying: boolean): void {
      state.set({ isPlaying, ...(isPlaying && { isAtEnd: false, skipped: null }) });
    },
    setSpeed: (speed: number) => state.set({ speed }),
    show: (shows: Shows) => state.set({ shows, isAtEnd: false }),
    setSound: (hasSound: boolean) => state.set({ hasSound }),
    /** Tries what could not be played once more. */
    tryAgain(): void {
      broken.clear();
      renewedAt.clear();
    },
  };
}
