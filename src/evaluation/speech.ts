import { SOUND_RATE } from '../adapters/media/ffmpeg-sample.ts';
import { decodeOwnSound } from '../adapters/media/ffmpeg-sound.ts';
import { listen } from '../services/analysis/listen.ts';
import { type Span, smooth } from '../services/analysis/timeline.ts';
import type { Row } from './csv.ts';
import { labelsOf, named } from './data-folder.ts';
import { breakDown, type Judged, type Section, type Skipped, toFigure } from './section.ts';
import { shareOf } from './statistics.ts';
import type { Tools } from './tools.ts';

const DEFAULT_FILE = 'speech_noise_mix.ogg';
const CHUNK = SOUND_RATE * 10;

/**
 * `audio/labels.csv`: `t0`, `t1` in seconds, `speech` 0 or 1, and `file` if it is not speech_noise_mix.ogg. Only seconds that
 * lie entirely within one row are judged, like recordings: by second, with flicker of one second removed.
 */
export async function evaluateSpeech(tools: Tools): Promise<Section | Skipped> {
  const title = 'Speech, by second';
  const rows = await tools.data.rows('audio/labels.csv');
  const fileOf = (row: Row) => `audio/${row['file'] ?? DEFAULT_FILE}`;
  const files = [...new Set(rows?.map(fileOf))];
  const absent = files.filter((file) => !tools.data.has(file));
  if (!rows || absent.length > 0) return { title, missing: rows ? absent.join(', ') : 'audio/labels.csv (t0, t1, speech) with its sound' };
  const judged: JudgedSecond[] = [];
  for (const file of files) {
    const samples = await named(file, decodeOwnSound(tools.ffmpeg, tools.data.path(file)));
    const spans =
      (await listen(inChunks(samples), tools.vision, (seconds) => tools.onProgress(seconds, samples.length / SOUND_RATE))) ?? [];
    const smoothed = smooth(spans);
    for (const row of rows.filter((one) => fileOf(one) === file)) {
      const isWithin = ({ start, end }: Span<boolean>) => start >= Number(row['t0']) && end <= Number(row['t1']);
      smoothed.forEach((span, index) => {
        if (!isWithin(span)) return;
        const labels = labelsOf(row, ['t0', 't1', 'speech', 'source', 'file']);
        judged.push({
          labels,
          second: span.start,
          isSpeech: row['speech'] === '1',
          isHeard: span.state,
          isHeardAlone: spans[index]?.state ?? false,
        });
      });
    }
  }
  const speech = judged.filter(({ isSpeech }) => isSpeech);
  const other = judged.filter(({ isSpeech }) => !isSpeech);
  const toJudged = (some: typeof judged) => some.map(({ labels, isHeard }) => ({ labels, hit: isHeard }));
  return {
    title,
    figures: [
      toFigure(
        'speech heard',
        shareOf(speech, ({ isHeard }) => isHeard),
      ),
      toFigure(
        'heard in noise and silence',
        shareOf(other, ({ isHeard }) => isHeard),
      ),
      toFigure(
        'speech heard, before flicker is removed',
        shareOf(speech, ({ isHeardAlone }) => isHeardAlone),
      ),
      toFigure(
        'heard in noise and silence, before flicker is removed',
        shareOf(other, ({ isHeardAlone }) => isHeardAlone),
      ),
    ],
    groups: [...breakDown('speech heard', toJudged(speech)), ...breakDown('heard in noise and silence', toJudged(other))],
    notes: ['neighbouring seconds are similar, so the intervals are too narrow'],
    plots: {},
    details: { mistaken: judged.filter(({ isSpeech, isHeard }) => isSpeech !== isHeard) },
  };
}

interface JudgedSecond extends Pick<Judged, 'labels'> {
  second: number;
  isSpeech: boolean;
  isHeard: boolean;
  /** Before flicker is removed. */
  isHeardAlone: boolean;
}

async function* inChunks(samples: Int16Array): AsyncGenerator<Int16Array> {
  for (let at = 0; at < samples.length; at += CHUNK) yield samples.subarray(at, at + CHUNK);
}
