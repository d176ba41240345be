import sharp, { type Sharp } from 'sharp';

/** What cameras, light and networks do to a picture; the unit of `amount` is given at each kind. */
export interface Degradation {
  kind: keyof typeof degrade;
  amount: number;
}

/** All but `jpeg` return PNG, so that nothing else is lost. */
const degrade = {
  /** Standard deviation of a Gaussian, pixels. */
  blur: (picture: Sharp, amount: number) => picture.blur(amount).png(),
  /** Share of the light that is left. */
  dark: (picture: Sharp, amount: number) => picture.linear(amount, 0).png(),
  /** Width of the picture, pixels. */
  small: (picture: Sharp, amount: number) => picture.resize({ width: amount, withoutEnlargement: true }).png(),
  /** JPEG quality, 1..100. */
  jpeg: (picture: Sharp, amount: number) => picture.jpeg({ quality: amount }),
  /** Degrees clockwise. */
  turned: (picture: Sharp, amount: number) => picture.rotate(amount, { background: '#000' }).png(),
  /** Left and right swapped; the amount is ignored. */
  mirrored: (picture: Sharp) => picture.flop().png(),
};

export const degradeImage = (image: Uint8Array, { kind, amount }: Degradation): Promise<Buffer> =>
  degrade[kind](sharp(image).autoOrient(), amount).toBuffer();
