import { useEffect, useState } from 'react';
import { useConsole } from '../use-console.ts';

/** Browsers have six connections to a host: some stay free for clicks. */
const AT_ONCE = 4;

/** Runs what is given, a few at a time, newest first: a picture of somebody who was scrolled away is not waited for. */
function createLine() {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;
  async function next(): Promise<void> {
    const work = running < AT_ONCE ? waiting.pop() : undefined;
    if (!work) return;
    running += 1;
    try {
      await work();
    } finally {
      running -= 1;
      void next();
    }
  }
  return (work: () => Promise<void>) => {
    waiting.push(work);
    void next();
  };
}

const line = createLine();

interface Wanted {
  userId: string;
  /** The signed link; null if there is no picture. */
  link: string | null | undefined;
  /** When the picture at the link was taken: another one is fetched when it changes. */
  takenAt: string | null;
}

/** The newest picture of somebody, decoded before it is shown; null before the first. Whoever is not in view is not drawn, so nothing is fetched. */
export function usePicture({ userId, link, takenAt }: Wanted): string | null {
  const { reread, here } = useConsole();
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    if (takenAt === null) return;
    // The pulse knows of a picture, and the link to it was not read yet.
    if (!link) return reread(userId);
    const stop = new AbortController();
    line(async () => {
      if (stop.signal.aborted) return;
      try {
        const answer = await fetch(here(link), { cache: 'no-store', signal: stop.signal });
        if (!answer.ok) return reread(userId);
        const url = URL.createObjectURL(await answer.blob());
        const image = new Image();
        image.src = url;
        await image.decode();
        if (stop.signal.aborted) URL.revokeObjectURL(url);
        else setPicture(url);
      } catch {
        // The next picture comes within seconds.
      }
    });
    return () => stop.abort();
  }, [userId, link, takenAt, reread, here]);
  useEffect(() => () => void (picture && URL.revokeObjectURL(picture)), [picture]);
  return picture;
}
