/** Work of one frame; what is left waits for the next one, so that the page answers clicks meanwhile. */
const MOST_OF_A_FRAME = 500;
/** Browsers draw no frames for a hidden page. */
const HIDDEN_MS = 1_000;

/** Collects what comes from the socket, and hands it on once a frame. */
export function createInbox<Item>(take: (items: readonly Item[]) => void) {
  let waiting: Item[] = [];
  let isAsked = false;

  function flush(): void {
    isAsked = false;
    const now = waiting.slice(0, MOST_OF_A_FRAME);
    waiting = waiting.slice(MOST_OF_A_FRAME);
    take(now);
    if (waiting.length > 0) ask();
  }
  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    if (document.hidden) setTimeout(flush, HIDDEN_MS);
    else requestAnimationFrame(flush);
  }

  return {
    add(item: Item): void {
      waiting.push(item);
      ask();
    },
    /** Forgets what waits. */
    clear(): void {
      waiting = [];
    },
  };
}
