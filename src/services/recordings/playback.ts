import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '../../adapters/database/database.ts';
import { type Ffmpeg, MediaError, stripLayout } from '../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../adapters/media/media-sniff.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { notFound } from '../../errors.ts';
import type { Recording, RecordingFile, RecordingFileKind } from '../../generated/prisma/client.ts';
import { notePlayback } from './lifecycle.ts';

interface Dependencies {
  db: Database['prisma'];
  storage: Storage;
  ffmpeg: Ffmpeg;
}

/** Copying is limited by the disk: a recording of 4 GB takes a minute on a slow one. */
const PREPARE_MS = 30 * 60_000;
const FRAME_MS = 60_000;
const MB = 1024 * 1024;
const EXTENSIONS = { poster: 'jpg', strip: 'jpg', frame: 'jpg' } as const;

/** Files for viewing, made from the evidence: one in which a browser can seek, pictures of it, the picture at a warning. */
export function createPlayback({ db, storage, ffmpeg }: Dependencies) {
  /** Frames in the making, by their storage name: a console requests the same one many times. */
  const making = new Map<string, Promise<RecordingFile>>();

  const find = (recordingId: string, kind: RecordingFileKind, at = 0) =>
    db.recordingFile.findUnique({ where: { recordingId_kind_at: { recordingId, kind, at } } });

  async function keep({ id, format }: Recording, kind: RecordingFileKind, bytes: Readable, at = 0): Promise<RecordingFile> {
    await using scope = createSpoolScope(storage);
    const file = await scope.spool(bytes, { maxBytes: Number.MAX_SAFE_INTEGER });
    const extension = kind === 'playback' ? format : EXTENSIONS[kind];
    const storageKey = `${id}.${kind}${kind === 'frame' ? `-${at}` : ''}.${extension}`;
    await scope.commit(file, storageKey);
    const data = { size: file.size, sha256: file.sha256, storageKey };
    try {
      return await db.recordingFile.upsert({
        where: { recordingId_kind_at: { recordingId: id, kind, at } },
        create: { recordingId: id, kind, at, ...data },
        update: data,
      });
    } catch (error) {
      // The recording was deleted in the meantime.
      if ((await db.recording.count({ where: { id } })) === 0) await storage.remove(storageKey);
      throw error;
    }
  }

  async function makeFrame(recording: Recording, at: number): Promise<RecordingFile> {
    // The file for playback has an index, by which ffmpeg finds the second.
    const source = (await find(recording.id, 'playback')) ?? recording;
    const still = await storage.withLocalFile(source.storageKey, (path) =>
      ffmpeg.still(path, recording.format as MediaFormat, at / 1_000, AbortSignal.timeout(FRAME_MS)),
    );
    return keep(recording, 'frame', Readable.from([still], { objectMode: false }), at);
  }

  return {
    find,

    /**
     * Makes the file for playback, its poster and its strip, and notes it in the row. A recording that cannot be shown this way is
     * not an error.
     * @param workDir an existing folder
     * @throws if another attempt may succeed
     */
    async prepare(recording: Recording, workDir: string, outer: AbortSignal): Promise<void> {
      const { id, format, duration, size } = recording;
      const signal = AbortSignal.any([outer, AbortSignal.timeout(PREPARE_MS)]);
      const folder = await mkdtemp(join(workDir, 'playback-'));
      const outPath = join(folder, `playback.${format}`);
      try {
        const seconds = duration ?? 0;
        const type = format as MediaFormat;
        const options = { maxBytes: 2 * Number(size) + 64 * MB, signal };
        await storage.withLocalFile(recording.storageKey, (path) => ffmpeg.remux(path, type, outPath, options));
        const poster = await ffmpeg.poster(outPath, type, seconds, signal);
        const strip = await ffmpeg.strip(outPath, type, stripLayout(seconds), join(folder, 'keys.mkv'), options);
        await keep(recording, 'playback', createReadStream(outPath));
        await keep(recording, 'poster', Readable.from([poster], { objectMode: false }));
        await keep(recording, 'strip', Readable.from([strip], { objectMode: false }));
        await this.settle(id, 'ready');
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        await this.settle(id, 'failed');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },

    settle: (recordingId: string, playback: 'ready' | 'failed') => notePlayback(db, recordingId, playback),

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

export type Playback = ReturnType<typeof createPlayback>;
