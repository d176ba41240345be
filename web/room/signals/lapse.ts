/** Shorter is a slip of the hand. */
const LEAST_MS = 1_000;
/** Told then, in case that it never ends in this page. */
const LONGEST_MS = 60_000;

interface Options {
  /** Server time, milliseconds since 1970. */
  now(): number;
  /** Called once for each lapse, with its beginning and how long it lasted; `isOver` is false if it goes on. */
  tell(from: number, ms: number, isOver: boolean): void;
  leastMs?: number;
}

/** Something that begins and ends, told once with its length. */
export function createLapse({ now, tell, leastMs = LEAST_MS }: Options) {
  let from: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function end(isOver: boolean): void {
    if (from === null) return;
    const began = from;
    from = null;
    clearTimeout(timer);
    if (now() - began >= leastMs) tell(began, now() - began, isOver);
  }

  return {
    begin(): void {
      if (from !== null) return;
      from = now();
      timer = setTimeout(() => end(false), LONGEST_MS);
    },
    end: () => end(true),
    /** Forgets it: we caused it ourselves. */
    cancel(): void {
      from = null;
      clearTimeout(timer);
    },
  };
}

/** For a proctor to read: `12 s`, `2 min 5 s`. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
