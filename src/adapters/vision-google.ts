import sharp from 'sharp';
import type { Frame, FrameObservation, ObservedFace, FoundPhone, VisionProvider } from './vision.ts';
import { annotate, type Spend } from './vision-google/annotate.ts';
import { toFaces, toPhones } from './vision-google/answers.ts';
import { Batches } from './vision-google/batches.ts';
import { type Endpoint, type Feature, openService } from './vision-google/service.ts';

interface Options {
  endpoint: Endpoint;
  /** Serves what Google does not: it can neither compare faces nor hear. */
  local: VisionProvider;
  spend: Spend;
  /** How long a picture is sent again to a Google that is away or over its quota a minute. */
  retrySeconds: number;
}

/** Frames under way: two requests of 16 pictures. */
const PARALLEL = 32;
/** A face of 50 pixels keeps its pixels; a frame of 640 × 480 takes about 100 kB. */
const JPEG_QUALITY = 92;

/** What is known of a frame, or being asked. */
interface Look {
  faces: Promise<ObservedFace[]>;
  phones: Promise<FoundPhone[]> | null;
}

/**
 * Looks at frames by Google Cloud Vision. Faces of pictures are found and compared by `local`, and so is the sound: Google
 * cannot compare faces, and what was measured of verification holds for the nets that do both.
 * @throws Error where there are no credentials.
 */
export async function createGoogleVision({ endpoint, local, spend, retrySeconds }: Options): Promise<VisionProvider> {
  const service = openService(endpoint);
  await service.checkCredentials();
  const closing = new AbortController();
  const limits = { service, spend, patienceMs: retrySeconds * 1_000, signal: closing.signal };
  const batches = new Batches((pictures) => annotate(pictures, limits));
  /** What Google was asked of a frame is not asked again: it bills each feature of each picture. */
  const looks = new WeakMap<Frame, Look>();

  function look(frame: Frame, wantsPhones: boolean): Look {
    const known = looks.get(frame);
    const asksPhones = wantsPhones && !known?.phones;
    if (known && !asksPhones) return known;
    const features: Feature[] = [...(known ? [] : ['FACE_DETECTION' as const]), ...(asksPhones ? ['OBJECT_LOCALIZATION' as const] : [])];
    const annotation = encode(frame).then((jpeg) => batches.add({ jpeg, features }));
    const next: Look = {
      faces: known?.faces ?? annotation.then(toFaces),
      phones: asksPhones ? annotation.then((answer) => toPhones(answer, frame)) : null,
    };
    looks.set(frame, next);
    annotation.catch(() => looks.delete(frame));
    return next;
  }

  return {
    detector: `google/v1 (FACE_DETECTION, OBJECT_LOCALIZATION) + ${local.listener}`,
    listener: local.listener,
    verifier: local.verifier,
    parallel: PARALLEL,
    async observe(frame, { phones: wantsPhones }): Promise<FrameObservation> {
      const { faces, phones } = look(frame, wantsPhones);
      const [foundFaces, foundPhones] = await Promise.all([faces, phones]);
      return { faces: foundFaces, phones: (wantsPhones && foundPhones) || [] };
    },
    readFaceImage: (image) => local.readFaceImage(image),
    openSpeech: () => local.openSpeech(),
    async dispose() {
      closing.abort();
      batches.close();
      await service.close();
      await local.dispose();
    },
  };
}

const encode = ({ data, width, height }: Frame): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
