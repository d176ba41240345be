import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { findFfmpeg } from '../adapters/media/ffmpeg.ts';
import type { Config } from '../config.ts';
import { evaluateGaze } from '../evaluation/clips.ts';
import { evaluateCovers } from '../evaluation/covers.ts';
import { openDataFolder } from '../evaluation/data-folder.ts';
import { evaluateGroupStrangers } from '../evaluation/group-strangers.ts';
import type { Half } from '../evaluation/labelled.ts';
import { evaluateFaceCount, evaluatePhones, evaluatePoses } from '../evaluation/pictures.ts';
import { evaluateRaised } from '../evaluation/raised/raised.ts';
import { evaluateRecordings } from '../evaluation/recordings.ts';
import { printReport, toJson } from '../evaluation/report.ts';
import type { Section, Skipped } from '../evaluation/section.ts';
import { evaluateSittings } from '../evaluation/sittings.ts';
import { evaluateSpeech } from '../evaluation/speech.ts';
import { evaluateSpoofs } from '../evaluation/spoofs.ts';
import type { Part } from '../evaluation/tools.ts';
import { evaluateVerification } from '../evaluation/verification.ts';
import { openVision, type ProviderName } from './open-vision.ts';
import { inWorkDir } from './work-dir.ts';

interface Options {
  config: Config;
  /** A folder laid out as docs/quality.md describes. */
  data: string;
  /** Folder for report.json and the plots; created if missing. */
  out: string;
  provider: ProviderName;
  /** What is measured where the labels say on what detectors were tuned. */
  half: Half;
}

const parts: Record<string, Part> = {
  verification: evaluateVerification,
  groups: evaluateGroupStrangers,
  spoofs: evaluateSpoofs,
  faces: evaluateFaceCount,
  covers: evaluateCovers,
  phones: evaluatePhones,
  poses: evaluatePoses,
  sittings: evaluateSittings,
  gaze: evaluateGaze,
  speech: evaluateSpeech,
  recordings: evaluateRecordings,
  raised: evaluateRaised,
};

const ERASE = '\r\u001b[2K';

/**
 * Measures every detector and the verification on labelled data.
 * @returns the exit code: 1 if nothing could be measured
 * @throws StartupError if labels or files are wrong, or if something is on both sides of the split between tuning and judging
 */
export async function evaluate({ config, data, out, provider, half }: Options): Promise<number> {
  const folder = await openDataFolder(data, half);
  const ffmpeg = await findFfmpeg({ FFMPEG_PATH: config.FFMPEG_PATH, production: false });
  const vision = await openVision(provider, config);
  const sections: (Section | Skipped)[] = [];
  const measure = async (workDir: string) => {
    for (const [name, part] of Object.entries(parts)) {
      const began = performance.now();
      const onProgress = (done: number, total: number) => {
        if (process.stderr.isTTY) process.stderr.write(`${ERASE}${name}: ${Math.round(done)} of ${Math.round(total)}`);
      };
      sections.push(...[await part({ data: folder, vision, ffmpeg, workDir, onProgress })].flat());
      process.stderr.write(`${process.stderr.isTTY ? ERASE : ''}${name}: ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
    }
  };
  try {
    await inWorkDir('evaluate', measure);
  } finally {
    await vision.dispose();
  }
  await mkdir(out, { recursive: true });
  const header = {
    data: basename(resolve(data)),
    half: folder.half,
    detector: vision.detector,
    verifier: vision.verifier,
    ffmpeg: ffmpeg.version,
    node: process.version,
  };
  await writeFile(join(out, 'report.json'), toJson(header, sections));
  for (const section of sections) {
    if ('missing' in section) continue;
    for (const [file, svg] of Object.entries(section.plots)) await writeFile(join(out, file), svg);
  }
  process.stdout.write(`${printReport(sections)}\n${aboutHalf(folder.half)}\nreport.json and the plots are in ${out}\n`);
  return sections.some((section) => !('missing' in section)) ? 0 : 1;
}

const aboutHalf = (half: Half | null) =>
  half
    ? `Measured: the rows whose split is ${half}; no person, clip or photo is on both sides.`
    : 'The labels do not say on what detectors were tuned (column split: tune or judge), so figures may flatter.';
