import type { Blocker } from './capture.ts';
import { watchLevel } from './level.ts';
import type { Pictures } from './picture.ts';

const LOOK_MS = 1_000;
/** A picture whose brightest point is below this is black to a person. */
const BLACK = 20;
const BLACK_LOOKS = 3;
const SILENT_MS = 5_000;
const SILENT_LEVEL = 0.02;

interface Options {
  stream: MediaStream;
  pictures: Pictures | null;
  onLevel(level: number): void;
  /** What is wrong with a device that is on; null if nothing is. */
  onCamera(blocker: Blocker | null): void;
  onMicrophone(blocker: Blocker | null): void;
}

/**
 * Before the exam: tells a candidate of a covered camera and a muted microphone, while there is time to mend it.
 * @returns stops
 */
export function checkDevices({ stream, pictures, onLevel, onCamera, onMicrophone }: Options): () => void {
  let black = 0;
  let heardAt = performance.now();
  const stopLevel = watchLevel(stream, (level) => {
    onLevel(level);
    if (level > SILENT_LEVEL) heardAt = performance.now();
    onMicrophone(performance.now() - heardAt > SILENT_MS ? 'silent' : null);
  });
  const timer = setInterval(() => {
    void pictures?.brightest().then((brightest) => {
      black = brightest !== null && brightest < BLACK ? black + 1 : 0;
      onCamera(black >= BLACK_LOOKS ? 'black' : null);
    });
  }, LOOK_MS);
  return () => {
    stopLevel();
    clearInterval(timer);
  };
}
