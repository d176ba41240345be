import { basename } from 'node:path';
import { sniffFile } from '../adapters/media/sniff-file.ts';
import { analyseMedia, type AnalysisOutcome } from '../services/analysis/analyse.ts';
import type { Row } from './csv.ts';
import { listRecordings, named } from './data-folder.ts';
import { figureOf, type Section, type Skipped } from './section.ts';
import type { Tools } from './tools.ts';

interface Second {
  row: Row;
  /** The recording. */
  clusters: readonly string[];
  /** Types of the segments that contain its middle. */
  found: ReadonlySet<string>;
}

/**
 * Whole recordings from end to end: `video/NAME.csv` next to NAME.webm or NAME.mp4, with `t0`, `t1` (seconds), `faces` and,
 * as far as known, `phone`, `looking_away` and `talking` (0 or 1). Only seconds that lie entirely within one row are judged.
 */
export async function evaluateRecordings(tools: Tools): Promise<Section | Skipped> {
  const title = 'Whole recordings, by second';
  const recordings = await listRecordings(tools.data);
  if (recordings.length === 0) return { title, missing: 'video/NAME.webm or .mp4 with video/NAME.csv (t0, t1, faces, …)' };
  const seconds: Second[] = [];
  const outcomes: Record<string, unknown> = {};
  for (const [index, { video, labels }] of recordings.entries()) {
    const rows = await tools.data.rows(labels);
    if (!rows) continue;
    const outcome = await named(video, analyse(video, tools));
    seconds.push(...rows.flatMap((row) => secondsOf(row, video, outcome)));
    outcomes[basename(video)] = outcome;
    tools.onProgress(index + 1, recordings.length);
  }
  return {
    title,
    figures: [
      figureOf('none, one or several faces, classified correctly', seconds, ({ row, found }) =>
        faceStates(Number(row['faces'])).some((state) => found.has(state)),
      ),
      ...[
        ['phone', 'phone_usage'],
        ['looking_away', 'looking_away'],
        ['talking', 'talking'],
      ].flatMap(([column = '', type = '']) => {
        const those = (value: string) => seconds.filter(({ row }) => row[column] === value);
        const isFound = ({ found }: Second) => found.has(type);
        return [figureOf(`${type}, found`, those('1'), isFound), figureOf(`${type}, found where there is none`, those('0'), isFound)];
      }),
    ],
    groups: [],
    notes: [
      'one sample per second: an end may be reported a second early or late',
      'seconds of one recording are alike: intervals by drawing recordings anew, none for fewer than five',
    ],
    plots: {},
    details: outcomes,
  };
}

/** One face may be a covered one. */
const faceStates = (count: number) => (count === 0 ? ['no_face'] : count === 1 ? ['face_present', 'face_covered'] : ['multiple_faces']);

function secondsOf(row: Row, video: string, { segments }: AnalysisOutcome): Second[] {
  const from = Math.ceil(Number(row['t0']));
  const to = Math.floor(Number(row['t1']));
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const middle = from + index + 0.5;
    const holds = segments.filter(({ startSeconds, endSeconds }) => startSeconds <= middle && endSeconds > middle);
    return { row, clusters: [video], found: new Set(holds.map(({ type }) => type)) };
  });
}

async function analyse(file: string, { data, ffmpeg, vision, workDir }: Tools): Promise<AnalysisOutcome> {
  const format = await sniffFile(data.path(file));
  const input = { path: data.path(file), format, type: 'WEBCAM', sensitivity: 'MEDIUM', workDir } as const;
  return analyseMedia(input, { vision, ffmpeg }, { signal: new AbortController().signal, onProgress: () => {} });
}
