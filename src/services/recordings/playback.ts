import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import { type Ffmpeg, MediaError, playbackFormat, stripLayout } from '../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../adapters/media/media-sniff.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { notFound } from '../../errors.ts';
import type { Recording, RecordingFile, RecordingFileKind } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import { announceFile, keepFiles } from '../obsolete-files.ts';
import { addNotes, notePlayback } from './lifecycle.ts';
import { type OpenMedia, openMedia } from './open-media.ts';

interface Dependencies {
  db: Database['prisma'];
  storage: Storage;
  ffmpeg: Ffmpeg;
  log: Logger;
}

/** If the server cannot make the files, it tries again after a minute, then two, four…, for two days in all. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 6 * 3_600_000;
const MOST_TRIES = 16;

/** Copying is limited by the disk: a recording of 4 GB takes a minute on a slow one. */
const PREPARE_MS = 30 * 60_000;
const FRAME_MS = 60_000;
const MB = 1024 * 1024;

/** The file that was shown is no longer that of the recording. */
class Replaced extends Error {
  override readonly name = 'Replaced';
}

/** Files for viewing, made from the evidence: one in which a browser can seek, pictures of it, the picture at a warning. */
export function createPlayback({ db, storage, ffmpeg, log }: Dependencies) {
  /** Frames in the making, by their storage name: a console requests the same one many times. */
  const making = new Map<string, Promise<RecordingFile>>();

  const find = (recordingId: string, kind: RecordingFileKind, at = 0) =>
    db.recordingFile.findUnique({ where: { recordingId_kind_at: { recordingId, kind, at } } });

  async function keep(
    { id, storageKey: source }: Recording,
    kind: RecordingFileKind,
    bytes: Readable,
    { at = 0, extension = 'jpg' }: { at?: number; extension?: string } = {},
  ): Promise<RecordingFile> {
    await using scope = createSpoolScope(storage);
    const file = await scope.spool(bytes, { maxBytes: Number.MAX_SAFE_INTEGER });
    // Named by the file that it shows, which late chunks may replace.
    const storageKey = `${source.replace(/\.\w+$/, '')}.${kind}${kind === 'frame' ? `-${at}` : ''}.${extension}`;
    await announceFile(db, storageKey, kind === 'playback' ? 'recording' : 'picture');
    await scope.commit(file, storageKey);
    const data = { size: file.size, sha256: file.sha256, storageKey };
    const made = await db.$transaction(async (tx) => {
      const shown = await tx.$queryRaw<object[]>`SELECT id FROM "Recording" WHERE id = ${id} AND "storageKey" = ${source} FOR SHARE`;
      if (shown.length === 0) return null;
      await keepFiles(tx, [storageKey]);
      return tx.recordingFile.upsert({
        where: { recordingId_kind_at: { recordingId: id, kind, at } },
        create: { recordingId: id, kind, at, ...data },
        update: data,
      });
    });
    if (made) return made;
    await storage.remove(storageKey);
    throw new Replaced('The recording was deleted, or its file replaced');
  }

  async function makeFrame(recording: Recording, at: number): Promise<RecordingFile> {
    const signal = AbortSignal.timeout(FRAME_MS);
    const stillOf = (path: string, format: MediaFormat) => ffmpeg.still(path, format, at / 1_000, signal);
    // The file for playback has an index, by which ffmpeg finds the second.
    const made = await find(recording.id, 'playback');
    const still = await storage.withLocalFile((made ?? recording).storageKey, (path) =>
      made ? stillOf(path, formatOf(made)) : openMedia(path, { storage, ffmpeg, signal }, (media) => stillOf(media.path, media.format)),
    );
    return keep(recording, 'frame', bytesOf(still), { at });
  }

  /** Makes what is not there yet. Each file stands alone: one that cannot be made does not keep the others from being made. */
  async function makeAll(recording: Recording, media: OpenMedia, folder: string, signal: AbortSignal): Promise<void> {
    const { id } = recording;
    let source = { path: media.path, format: media.format };
    const options = { maxBytes: 2 * (await stat(media.path)).size + 64 * MB, signal };
    const failures: { what: keyof typeof WORDS; reason: string }[] = [];
    const faults: unknown[] = [];
    const make = async (what: keyof typeof WORDS, work: () => Promise<unknown>) => {
      try {
        if (!(await find(id, what))) await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof MediaError)) faults.push(error);
        else failures.push({ what, reason: error.message });
        if (error instanceof MediaError) log.warn({ err: error, recordingId: id }, `${WORDS[what]} of a recording cannot be made`);
      }
    };
    await make('playback', async () => {
      const format = playbackFormat(media.format, media.info);
      const outPath = join(folder, `playback.${format}`);
      await ffmpeg.remux(media.path, media.format, media.info, outPath, options);
      source = { path: outPath, format };
      await keep(recording, 'playback', createReadStream(outPath), { extension: format });
    });
    const { duration } = media.info;
    await make('poster', async () => keep(recording, 'poster', bytesOf(await ffmpeg.poster(source.path, source.format, duration, signal))));
    await make('strip', async () => {
      const layout = stripLayout(recording.duration ?? duration);
      await keep(recording, 'strip', bytesOf(await ffmpeg.strip(source.path, source.format, layout, join(folder, 'keys.mkv'), options)));
    });
    if (faults.length > 0) throw faults[0];
    await addNotes(
      db,
      id,
      failures.map(({ what, reason }) => `${WORDS[what]} cannot be made: ${reason}`),
    );
    await notePlayback(db, recording, failures.length > 0 ? 'failed' : 'ready');
  }

  const count = (id: string, change: 1 | -1) => db.recording.updateMany({ where: { id }, data: { playbackTries: { increment: change } } });

  async function giveUp(recording: Recording): Promise<void> {
    await addNotes(db, recording.id, ['The server could not make all files for playback; its log says why.']);
    await notePlayback(db, recording, 'failed');
  }

  /** Plans another attempt, until there were too many. */
  async function postpone(recording: Recording, error: unknown): Promise<void> {
    // The new file is shown by the next job.
    if (error instanceof Replaced) return;
    const { id, storageKey, playbackTries } = recording;
    const isLast = playbackTries + 1 >= MOST_TRIES;
    log.error({ err: error, recordingId: id }, `a recording could not be prepared for playback${isLast ? '' : '; will try again'}`);
    if (isLast) return giveUp(recording);
    const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** playbackTries);
    await db.recording.updateMany({ where: { id, storageKey }, data: { playbackDueAt: new Date(Date.now() + delay) } });
  }

  return {
    find,

    /**
     * Counts an attempt, before its work, so that one that dies with the process counts too.
     * @returns false if there were too many
     */
    async begin(recording: Recording): Promise<boolean> {
      const { id, playbackTries } = recording;
      if (playbackTries >= MOST_TRIES) await giveUp(recording);
      else await count(id, 1);
      return playbackTries < MOST_TRIES;
    },

    /**
     * Makes the file for playback, its poster and its strip, and notes it in the row. If the server fails, for example because its
     * disk is full, that is planned again.
     * @param open throws if the recording cannot be read
     * @param workDir an existing folder
     * @throws only if `outer` is aborted
     */
    async prepare(recording: Recording, open: () => OpenMedia, workDir: string, outer: AbortSignal): Promise<void> {
      const signal = AbortSignal.any([outer, AbortSignal.timeout(PREPARE_MS)]);
      let folder: string | null = null;
      try {
        folder = await mkdtemp(join(workDir, 'playback-'));
        await makeAll(recording, open(), folder, signal);
      } catch (error) {
        if (outer.aborted) await count(recording.id, -1);
        outer.throwIfAborted();
        if (error instanceof MediaError) await notePlayback(db, recording, 'failed');
        else await postpone(recording, error);
      } finally {
        if (folder) await rm(folder, { recursive: true, force: true });
      }
    },

    /** The picture at that second. @throws AppError `not_found` if none can be decoded */
    async frame(recording: Recording, seconds: number): Promise<RecordingFile> {
      const at = Math.round(seconds * 1_000);
      const known = await find(recording.id, 'frame', at);
      if (known) return known;
      const name = `${recording.id} ${at}`;
      const made = making.get(name) ?? makeFrame(recording, at).finally(() => making.delete(name));
      making.set(name, made);
      return made.catch((error: unknown) => {
        throw error instanceof MediaError ? notFound('Picture of this warning') : error;
      });
    },
  };
}

const WORDS = { playback: 'The file for playback', poster: 'The poster', strip: 'The thumbnails' } as const;

const bytesOf = (picture: Buffer) => Readable.from([picture], { objectMode: false });

/** The format of a file for playback; it differs from the recording's where browsers could not play that one. */
export const formatOf = ({ storageKey }: Pick<RecordingFile, 'storageKey'>): MediaFormat => (storageKey.endsWith('.mp4') ? 'mp4' : 'webm');

export type Playback = ReturnType<typeof createPlayback>;
