import sharp from 'sharp';
import { decodeImage } from '../decode-image.ts';
import type { FoundPhone, Frame, FrameObservation, LookFor, ObservedFace, VisionProvider } from '../vision.ts';
import { annotate, type Spend } from './annotate.ts';
import { toFaces, toPhones } from './answers.ts';
import { Batches } from './batches.ts';
import { type Endpoint, type Feature, openService } from './service.ts';

interface Options {
  endpoint: Endpoint;
  /** Serves what Google does not: it can neither compare faces nor hear. */
  local: VisionProvider;
  spend: Spend;
  /** How long a frame of a recording is sent again to a Google that is away or over its quota a minute. */
  retrySeconds: number;
}

/** Frames under way: two requests of 16 pictures. */
const PARALLEL = 32;
/** A snapshot that comes any later is of no use to who watches. */
const LIVE_PATIENCE_MS = 4_000;
/** As recordings are sampled. */
const SNAPSHOT_SIDES = { width: 640, height: 480 };
/**
 * Measured by the local nets on 36 faces: the gaze moves by .005 of the eye's width (95 %), at 75 by .05, where .08 is a
 * glance. A frame of 640 × 480 takes 40 to 100 kB.
 */
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
  const openBatches = (patienceMs: number) =>
    new Batches((pictures) => annotate(pictures, { service, spend, patienceMs, signal: closing.signal }));
  const recorded = openBatches(retrySeconds * 1_000);
  /** Apart, so that nobody who watches waits for a recording. */
  const live = openBatches(LIVE_PATIENCE_MS);
  /** What Google was asked of a frame is not asked again: it bills each feature of each picture. */
  const looks = new WeakMap<Frame, Look>();

  function look(frame: Frame, wantsPhones: boolean, batches: Batches): Look {
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

  /** It finds faces and does not compare them: that is done here. */
  async function observe(frame: Frame, { phones: wantsPhones, embed = false }: LookFor, batches: Batches): Promise<FrameObservation> {
    const { faces, phones } = look(frame, wantsPhones, batches);
    const described = embed ? local.observe(frame, { phones: false, embed }) : null;
    const [foundFaces, foundPhones, here] = await Promise.all([faces, phones, described]);
    return { faces: foundFaces, phones: (wantsPhones && foundPhones) || [], outstanding: here?.outstanding ?? null };
  }

  return {
    detector: `google/v1 (FACE_DETECTION, OBJECT_LOCALIZATION) + ${local.detector}`,
    verifier: local.verifier,
    parallel: PARALLEL,
    observe: (frame, look) => observe(frame, look, recorded),
    async observeImage(image, look) {
      // Never as it came: it may be damaged, turned or too large, and tell where it was taken.
      const { frame } = await decodeImage(image, SNAPSHOT_SIDES);
      return { observation: await observe(frame, look, live), frame };
    },
    readFaceImage: (image) => local.readFaceImage(image),
    openSpeech: () => local.openSpeech(),
    async dispose() {
      closing.abort();
      recorded.close();
      live.close();
      await service.close();
      await local.dispose();
    },
  };
}

const encode = ({ data, width, height }: Frame): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
