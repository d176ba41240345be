import { basename } from 'node:path';
import { type Ffmpeg, findFfmpeg, MediaError } from '../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../adapters/media/media-sniff.ts';
import { sniffFile } from '../adapters/media/sniff-file.ts';
import { createDiskStorage } from '../adapters/storage/storage-disk.ts';
import { createLocalVision } from '../adapters/vision/local/vision-local.ts';
import type { VisionProvider } from '../adapters/vision/vision.ts';
import type { Config } from '../config.ts';
import { analyseMedia, type AnalysisOutcome } from '../services/analysis/analyse.ts';
import type { Sensitivity } from '../services/analysis/sign-track.ts';
import { openMedia } from '../services/recordings/open-media.ts';
import { drawBar, drawOutcome } from './draw.ts';
import { inWorkDir } from './work-dir.ts';

interface Options {
  config: Config;
  /** One line of JSON per file instead of text for people. */
  json: boolean;
  type: 'WEBCAM' | 'SCREEN';
  sensitivity: Sensitivity;
  signal: AbortSignal;
}

interface Tools {
  ffmpeg: Ffmpeg;
  vision: VisionProvider;
}

/** Erases the current line. */
const ERASE = '\r\u001b[2K';

/** Analyses one file after the other. @returns the exit code */
export async function analyzeFiles(files: readonly string[], options: Options): Promise<number> {
  const { config, json, signal } = options;
  const ffmpeg = await findFfmpeg({ FFMPEG_PATH: config.FFMPEG_PATH, production: false });
  const vision = createLocalVision({ workers: config.VISION_WORKERS });
  let code = 0;
  try {
    for (const file of files) {
      const began = performance.now();
      try {
        const { format, notes, outcome } = await analyse(file, { ffmpeg, vision }, options);
        if (!json) for (const note of notes) process.stderr.write(`${file}: ${note}\n`);
        const seconds = (performance.now() - began) / 1_000;
        process.stdout.write(
          json
            ? `${JSON.stringify({ file, format, ...(notes.length > 0 && { notes }), ...outcome })}\n`
            : drawOutcome(basename(file), outcome, seconds),
        );
      } catch (error) {
        if (signal.aborted) return 1;
        const reason = explain(error);
        code = 1;
        if (json) process.stdout.write(`${JSON.stringify({ file, error: reason })}\n`);
        process.stderr.write(`${file}: ${reason}\n`);
      }
    }
  } finally {
    await vision.dispose();
  }
  return code;
}

async function analyse(
  file: string,
  tools: Tools,
  { json, type, sensitivity, signal }: Options,
): Promise<{ format: MediaFormat; notes: string[]; outcome: AnalysisOutcome }> {
  await sniffFile(file);
  const showsBar = !json && process.stderr.isTTY;
  const onProgress = (_stage: string, fraction: number) => {
    if (showsBar) process.stderr.write(`${ERASE}${drawBar(fraction)} ${basename(file)}`);
  };
  const run = (workDir: string) =>
    openMedia(file, { storage: createDiskStorage(workDir), ffmpeg: tools.ffmpeg, signal }, async ({ notes, ...media }) => ({
      format: media.format,
      notes,
      outcome: await analyseMedia({ ...media, type, sensitivity, workDir }, tools, { signal, onProgress }),
    }));
  try {
    return await inWorkDir('analyze', run);
  } finally {
    if (showsBar) process.stderr.write(ERASE);
  }
}

/** The reason, for people. Rethrows bugs, so that they show their stack. */
function explain(error: unknown): string {
  if (error instanceof MediaError) return error.message;
  if (error instanceof Error && 'syscall' in error) return error.message;
  throw error;
}
