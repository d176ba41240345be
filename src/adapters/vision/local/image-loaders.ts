import { isMainThread } from 'node:worker_threads';
import sharp from 'sharp';

// Only the loaders of what is accepted can ever run, whatever an image claims to be. libvips keeps one such list for the
// whole process, and for a moment nothing is on it: a thread that set it while another decodes would have a sound image
// refused as damaged. So the main thread does, and who starts worker threads imports this too.
if (isMainThread) {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'] });
}
