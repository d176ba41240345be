import type { Ffmpeg } from '../adapters/media/ffmpeg.ts';
import type { VisionProvider } from '../adapters/vision/vision.ts';
import type { DataFolder } from './data-folder.ts';
import type { Section, Skipped } from './section.ts';

/** What every part of the evaluation gets: the same components that the server uses. */
export interface Tools {
  data: DataFolder;
  vision: VisionProvider;
  ffmpeg: Ffmpeg;
  /** For decoded files. */
  workDir: string;
  /** Called after every finished item. */
  onProgress(done: number, total: number): void;
}

export type Part = (tools: Tools) => Promise<Section | Skipped | (Section | Skipped)[]>;

/** Maps all items in order, as many at a time as the provider can handle plus one that waits. */
export async function mapAll<Item, Result>(
  items: readonly Item[],
  { vision, onProgress }: Pick<Tools, 'vision' | 'onProgress'>,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await map(items[index] as Item);
      done += 1;
      onProgress(done, items.length);
    }
  };
  await Promise.all(Array.from({ length: vision.parallel + 1 }, work));
  return results;
}
