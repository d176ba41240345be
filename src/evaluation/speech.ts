import { SOUND_RATE } from '../adapters/media/ffmpeg-sample.ts';
import { decodeOwnSound } from '../adapters/media/ffmpeg-sound.ts';
import { listen } from '../services/analysis/listen.ts';
import { type Span, smooth } from '../services/analysis/timeline.ts';
import type { Row } from './csv.ts';
import { labelsOf, named } from './data-folder.ts';
import { breakDown, type Judged } from './groups.ts';
import { soundOf } from './layout.ts';
import { figureOf, type Section, type Skipped } from './section.ts';
import type { Tools } from './tools.ts';

const CHUNK = SOUND_RATE * 10;

/**
 * `audio/labels.csv`: `t0`, `t1` in seconds, `speech` 0 or 1, and `file` if it is not speech_noise_mix.ogg. Only seconds that
 * lie entirely within one row are judged, like recordings: by second, with flicker of one second removed.
 */
export async function evaluateSpeech(tools: Tools): Promise<Section | Skipped> {
  const title = 'Speech, by second';
  const rows = await tools.data.rows('audio/labels.csv');
  const files = [...new Set(rows?.map(soundOf))];
  const absent = files.filter((file) => !tools.data.has(file));
  if (!rows || absent.length > 0) return { title, missing: rows ? absent.join(', ') : 'audio/labels.csv (t0, t1, speech) with its sound' };
  const judged: JudgedSecond[] = [];
  for (const file of files) {
    const samples = await named(file, decodeOwnSound(tools.ffmpeg, tools.data.path(file)));
    const spans =
      (await listen(inChunks(samples), tools.vision, (seconds) => tools.onProgress(seconds, samples.length / SOUND_RATE))) ?? [];
    const smoothed = smooth(spans);
    for (const row of rows.filter((one) => soundOf(one) === file)) {
      const isWithin = ({ start, end }: Span<boolean>) => start >= Number(row['t0']) && end <= Number(row['t1']);
      smoothed.forEach((span, index) => {
        if (!isWithin(span)) return;
        const labels = labelsOf(row, ['t0', 't1', 'speech', 'source', 'file']);
        judged.push({
          labels,
          clusters: [clipOf(row)],
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
  const toJudged = (some: typeof judged) => some.map(({ labels, clusters, isHeard }) => ({ labels, clusters, hit: isHeard }));
  return {
    title,
    figures: [
      figureOf('speech heard', speech, ({ isHeard }) => isHeard),
      figureOf('heard in noise and silence', other, ({ isHeard }) => isHeard),
      figureOf('speech heard, before flicker is removed', speech, ({ isHeardAlone }) => isHeardAlone),
      figureOf('heard in noise and silence, before flicker is removed', other, ({ isHeardAlone }) => isHeardAlone),
    ],
    groups: [...breakDown('speech heard', toJudged(speech)), ...breakDown('heard in noise and silence', toJudged(other))],
    notes: [
      'seconds of one clip are alike: intervals by drawing clips (`clip`, else `source`) anew; of none or all heard, exact for the clips',
    ],
    plots: {},
    details: { mistaken: judged.filter(({ isSpeech, isHeard }) => isSpeech !== isHeard) },
  };
}

/** What a second is a part of. */
export const clipOf = (row: Row) => row['clip'] || row['source'] || soundOf(row);

interface JudgedSecond extends Pick<Judged, 'labels' | 'clusters'> {
  second: number;
  isSpeech: boolean;
  isHeard: boolean;
  /** Before flicker is removed. */
  isHeardAlone: boolean;
}

export async function* inChunks(samples: Int16Array): AsyncGenerator<Int16Array> {
  for (let at = 0; at < samples.length; at += CHUNK) yield samples.subarray(at, at + CHUNK);
}
