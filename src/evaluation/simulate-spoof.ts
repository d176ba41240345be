import sharp, { type Sharp } from 'sharp';

/** Side of the shown picture, pixels. */
const SHOWN = 480;

const shown = (image: Uint8Array): Sharp =>
  sharp(image).autoOrient().flatten().toColourspace('srgb').resize(SHOWN, SHOWN, { fit: 'inside' });

/** Recomputes every pixel. @param change maps a value 0..255 at a position and channel */
async function redraw(picture: Sharp, change: (value: number, x: number, y: number, channel: number) => number): Promise<Sharp> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const drawn = Uint8ClampedArray.from(data, (value, i) => {
    const pixel = Math.floor(i / channels);
    return change(value, pixel % width, Math.floor(pixel / width), i % channels);
  });
  return sharp(drawn, { raw: { width, height, channels } });
}

/**
 * Simulates a photo of a screen that shows the picture: stripes of red, green and blue under a grid, slightly rotated and
 * at another resolution, which causes moiré; bluish, brighter, as JPEG.
 */
export async function simulateScreenPhoto(image: Uint8Array): Promise<Buffer> {
  const { data, info } = await shown(image).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const panel = sharp(data, { raw: { width, height, channels } }).resize(width * 3, height * 3, { kernel: 'nearest' });
  const lit = await redraw(panel, (value, x, y, channel) => value * (x % 3 === channel ? 1.6 : 0.7) * (y % 3 === 2 ? 0.55 : 1));
  const askew = await lit.rotate(2.3, { background: '#111' }).png().toBuffer();
  return sharp(askew)
    .resize({ width: Math.round(width * 1.37), kernel: 'linear' })
    .linear([1.0, 1.08, 1.14], [0, 0, 0])
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** Simulates a photo of a print: less contrast, a halftone raster, a white border, rotated and slightly out of focus. */
export async function simulatePrintPhoto(image: Uint8Array): Promise<Buffer> {
  const raster = (x: number, y: number) => 28 * Math.sin(((x + y) * Math.PI) / 4) * Math.sin(((x - y) * Math.PI) / 4);
  const printed = await redraw(shown(image), (value, x, y) => value * 0.78 + 30 + raster(x, y));
  const sheet = await printed.extend({ top: 60, bottom: 60, left: 60, right: 60, background: '#f2f0ea' }).png().toBuffer();
  return sharp(sheet).rotate(-3, { background: '#665555' }).blur(0.9).jpeg({ quality: 85 }).toBuffer();
}
