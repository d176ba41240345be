import { isMainThread } from 'node:worker_threads';
import sharp from 'sharp';

// Only the loaders of accepted formats can run, whatever an image claims to be. libvips has one such list for the whole process,
// and for a moment it is empty: if one thread set it while another decodes, a valid image would be refused as damaged. So the main
// thread sets it, and code that starts worker threads must import this file too.
if (isMainThread) {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'] });
}
