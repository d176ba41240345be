import type { SpooledFile } from '../storage/storage.ts';
import { sniffContainer } from './media-sniff.ts';

/** The id of a Cluster in WebM; the types of the boxes that hold pictures and sound in MP4. */
const MEDIA = [Buffer.from('1f43b675', 'hex'), Buffer.from('mdat'), Buffer.from('moof')];

/**
 * Whether a recorder was stopped before it wrote a picture: the file is empty, or only the start of a WebM or MP4. Other small
 * files are not empty recordings but wrong ones.
 */
export function isEmptyRecording({ size, head }: Pick<SpooledFile, 'size' | 'head'>): boolean {
  if (size === 0) return true;
  if (size > head.length || sniffContainer(head) === null) return false;
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  return !MEDIA.some((id) => bytes.includes(id));
}
