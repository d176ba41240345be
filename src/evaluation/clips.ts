import { sniffFile } from '../adapters/media/sniff-file.ts';
import { scoreLookingAway } from '../services/analysis/looking-away.ts';
import { watchWebcam, type WebcamSample } from '../services/analysis/watch-webcam.ts';
import { labelsOf, named } from './data-folder.ts';
import { breakDown, type Judged } from './groups.ts';
import { awayFigures, type Section, type Skipped } from './section.ts';
import type { Tools } from './tools.ts';

/** Recordings are sampled once per second; in a clip of a few seconds that would be too few samples to learn where the eyes rest. */
const FPS = 8;
const FIT = { width: 640, height: 480 };

/** `video/real_gaze.csv`: `file`, `t0`, `t1` in seconds and `gaze`; any `gaze` other than center means away. */
export async function evaluateGaze(tools: Tools): Promise<Section | Skipped> {
  const title = 'Gaze clips, frame by frame';
  const rows = await tools.data.rows('video/real_gaze.csv');
  if (!rows) return { title, missing: 'video/real_gaze.csv (file, t0, t1, gaze) with its clips' };
  const files = [...new Set(rows.map(({ file = '' }) => file))];
  const judged: JudgedFrame[] = [];
  for (const [index, file] of files.entries()) {
    const samples = await named(`video/${file}`, watchClip(`video/${file}`, tools));
    const scores = scoreLookingAway(samples.map(({ faces }) => (faces.length === 1 ? (faces[0] ?? null) : null)));
    for (const row of rows.filter((one) => one['file'] === file)) {
      const isWithin = ({ time }: WebcamSample) => time >= Number(row['t0']) && time <= Number(row['t1']);
      samples.forEach((sample, at) => {
        if (!isWithin(sample)) return;
        const labels = labelsOf(row, ['t0', 't1', 'gaze']);
        judged.push({
          labels,
          clusters: [tools.data.personOf(row['clip'] || `video/${file}`)],
          time: sample.time,
          isAway: row['gaze'] !== 'center',
          isJudgedAway: (scores[at] ?? 0) > 0,
        });
      });
    }
    tools.onProgress(index + 1, files.length);
  }
  return {
    title,
    figures: awayFigures(judged, 'at the screen'),
    groups: breakDown(
      'classified correctly',
      judged.map(({ labels, clusters, isAway, isJudgedAway }) => ({ labels, clusters, hit: isAway === isJudgedAway })),
    ),
    notes: [
      `${FPS} frames per second; frames of one person are alike: intervals by drawing people (\`person\`, else the clip) anew, none for fewer than five`,
    ],
    plots: {},
    details: { mistaken: judged.filter(({ isAway, isJudgedAway }) => isAway !== isJudgedAway) },
  };
}

interface JudgedFrame extends Pick<Judged, 'labels' | 'clusters'> {
  time: number;
  isAway: boolean;
  isJudgedAway: boolean;
}

export async function watchClip(file: string, { data, ffmpeg, vision, workDir }: Tools): Promise<WebcamSample[]> {
  const format = await sniffFile(data.path(file));
  const path = data.path(file);
  const { signal } = new AbortController();
  const info = await ffmpeg.probe(path, format, signal);
  const { frames } = ffmpeg.sample(path, format, { info, fit: FIT, fps: FPS, workDir, signal });
  const samples: WebcamSample[] = [];
  for await (const sample of watchWebcam(frames, vision)) samples.push(sample);
  return samples;
}
