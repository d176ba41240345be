import sharp from 'sharp';
import { type Frame, ImageError } from './vision.ts';
import './local/image-loaders.ts';

const MAX_PIXELS = 40e6;
/** Longer sides are shrunk to this. The detector sees 256 pixels and finds no face smaller than 50 of 1,024 pixels. */
const WORKING_SIDES = { width: 1024, height: 1024 };
const MAX_SECONDS = 20;

// The pool assumes one thread per worker; no cache, because nothing is decoded twice.
sharp.concurrency(1);
sharp.cache(false);

const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Whether it is JPEG, PNG or WebP by its first bytes, never by a name or declared type. */
function isAccepted(image: Buffer): boolean {
  const isJpeg = image[0] === 0xff && image[1] === 0xd8 && image[2] === 0xff;
  const isPng = image.subarray(0, 8).equals(PNG_SIGNATURE);
  const isWebp = image.toString('latin1', 0, 4) === 'RIFF' && image.toString('latin1', 8, 12) === 'WEBP';
  return isJpeg || isPng || isWebp;
}

/** The failure in words for a client, because messages from libvips may contain paths. */
function refusal(error: unknown): ImageError {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('exceeds pixel limit'))
    return new ImageError(`The image is larger than ${MAX_PIXELS / 1e6} megapixels`, { cause: error });
  return new ImageError('The image is damaged or incomplete', { cause: error });
}

export interface DecodedImage {
  /** At most 1,024 pixels wide and high, or the requested sides. */
  frame: Frame;
  /** Width of the original picture, upright. */
  width: number;
  height: number;
}

/**
 * Decodes the first picture of a JPEG, PNG or WebP: upright, sRGB, 8 bits, transparency on white, shrunk to a working size.
 * @throws ImageError
 */
export async function decodeImage(bytes: Uint8Array, sides = WORKING_SIDES): Promise<DecodedImage> {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isAccepted(image)) throw new ImageError('The image must be JPEG, PNG or WebP');
  const opened = sharp(image, { limitInputPixels: MAX_PIXELS, pages: 1, failOn: 'error', sequentialRead: true });
  try {
    const { autoOrient } = await opened.metadata();
    const { data, info } = await opened
      .autoOrient()
      .resize({ ...sides, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .timeout({ seconds: MAX_SECONDS })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { frame: { data, width: info.width, height: info.height }, width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw refusal(error);
  }
}
