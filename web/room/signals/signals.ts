import { createLapse, inWords } from './lapse.ts';

export interface SignalOptions {
  /** What is to be reported. */
  types: ReadonlySet<string>;
  /** Server time, milliseconds since 1970. */
  now(): number;
  report(type: string, details: string, at: number): void;
  /** Whether the page itself has a question of the browser open, which takes the focus. */
  isAsking(): boolean;
}

/** After a question of the browser the focus comes back late. */
const SETTLE_MS = 2_000;
const POINTER_AWAY_MS = 5_000;
const LOW_BATTERY = 0.15;
/** Pixels; what docked tools take. */
const TOOLS_SIZE = 200;

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}
type Extras = Navigator & { getBattery?(): Promise<Battery> };
type ExtendedScreen = EventTarget & { isExtended?: boolean };

/**
 * Reports what happens around the page: what it was and how long, never what it means. Nothing that the page caused itself.
 * @returns stops
 */
export function startSignals({ types, now, report, isAsking }: SignalOptions): () => void {
  const stopping = new AbortController();
  const on = (target: EventTarget, type: string, listener: (event: Event) => void) =>
    target.addEventListener(type, listener, { signal: stopping.signal });
  const wants = (type: string) => types.has(type);
  let askedAt = Number.NEGATIVE_INFINITY;
  const hasAsked = () => {
    if (isAsking()) askedAt = performance.now();
    return performance.now() - askedAt < SETTLE_MS;
  };
  const lapse = (type: string, words: string, leastMs?: number) =>
    createLapse({
      now,
      tell: (from, ms, isOver) => report(type, `${words} for ${isOver ? '' : 'more than '}${inWords(ms)}`, from),
      ...(leastMs !== undefined && { leastMs }),
    });

  if (wants('tab_switch')) {
    const hidden = lapse('tab_switch', 'The page was hidden: another tab or window was in front');
    on(document, 'visibilitychange', () => (document.hidden && !hasAsked() ? hidden.begin() : hidden.end()));
  }

  if (wants('window_blur')) {
    const blurred = lapse('window_blur', 'The window did not have the focus');
    on(window, 'blur', () => {
      // The questions are in a frame of this page; and a hidden page is told as that.
      if (document.activeElement instanceof HTMLIFrameElement || document.hasFocus() || hasAsked()) return;
      blurred.begin();
    });
    on(window, 'focus', () => (hasAsked() ? blurred.cancel() : blurred.end()));
    on(document, 'visibilitychange', () => document.hidden && blurred.cancel());
  }

  if (wants('fullscreen_exit')) {
    let wasFull = document.fullscreenElement !== null;
    on(document, 'fullscreenchange', () => {
      const isFull = document.fullscreenElement !== null;
      if (wasFull && !isFull && !hasAsked()) report('fullscreen_exit', 'Full screen was left', now());
      wasFull = isFull;
    });
  }

  if (wants('copy_paste')) {
    for (const [type, words] of [
      ['copy', 'copied'],
      ['cut', 'cut'],
      ['paste', 'pasted'],
    ] as const)
      on(document, type, ({ target }) => {
        // A message to the proctor is nobody's answer.
        if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) return;
        report('copy_paste', `Text was ${words} in the exam page`, now());
      });
  }

  if (wants('mouse_left')) {
    const away = lapse('mouse_left', 'The pointer was outside of the window', POINTER_AWAY_MS);
    on(document.documentElement, 'pointerleave', () => away.begin());
    on(document.documentElement, 'pointerenter', () => away.end());
  }

  if (wants('extra_display')) {
    const display = screen as unknown as ExtendedScreen;
    let was = false;
    const look = () => {
      if (display.isExtended === true && !was) report('extra_display', 'More than one display is connected', now());
      was = display.isExtended === true;
    };
    look();
    if ('addEventListener' in screen) on(display, 'change', look);
  }

  if (wants('low_battery')) {
    void (navigator as Extras).getBattery?.().then((battery) => {
      let isTold = false;
      const look = () => {
        const isLow = battery.level <= LOW_BATTERY && !battery.charging;
        if (isLow && !isTold) report('low_battery', `The battery is at ${Math.round(battery.level * 100)} %`, now());
        isTold = isLow;
      };
      look();
      on(battery, 'levelchange', look);
      on(battery, 'chargingchange', look);
    });
  }

  if (wants('devtools')) {
    let was = false;
    on(window, 'resize', () => {
      const isLarge = outerWidth - innerWidth > TOOLS_SIZE || outerHeight - innerHeight > TOOLS_SIZE;
      if (isLarge && !was) report('devtools', 'The window became smaller inside, as with open tools of the browser', now());
      was = isLarge;
    });
  }

  if (wants('page_reload')) {
    const [navigation] = performance.getEntriesByType('navigation');
    if ((navigation as PerformanceNavigationTiming | undefined)?.type === 'reload')
      report('page_reload', 'The page was loaded again', now());
  }

  return () => stopping.abort();
}
