import sharp from 'sharp';
import '../vision/local/image-loaders.ts';

const MAX_PIXELS = 40_000_000;
/** A large picture takes half of one. */
const MAX_SECONDS = 20;
const QUALITY = 85;

/**
 * A picture as an upright JPEG without the facts that cameras write into it, such as where it was taken.
 * @param maxWidth pixels; a smaller picture keeps its size
 * @throws Error for what cannot be decoded, or takes longer than 20 s
 */
export const toJpeg = (image: Uint8Array, { maxWidth }: { maxWidth: number }): Promise<Buffer> =>
  sharp(image, { limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .flatten()
    .resize({ width: maxWidth, withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .timeout({ seconds: MAX_SECONDS })
    .toBuffer();
