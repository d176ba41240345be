import { open } from 'node:fs/promises';
import { MediaError } from './ffmpeg-run.ts';
import { type MediaFormat, sniffContainer } from './media-sniff.ts';

const HEAD_BYTES = 4_096;

/** The container of a local file. @throws MediaError if it is not supported */
export async function sniffFile(path: string): Promise<MediaFormat> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const format = sniffContainer(buffer.subarray(0, bytesRead));
    if (!format) throw new MediaError('not a WebM or MP4 video');
    return format;
  } finally {
    await handle.close();
  }
}
