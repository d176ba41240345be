import sharp from 'sharp';
import { decodeImage } from '../decode-image.ts';
import type { FoundPhone, Frame, FrameObservation, LookFor, ObservedFace, VisionProvider } from '../vision.ts';
import { annotate, type Spend } from './annotate.ts';
import { toFaces, toPhones } from './answers.ts';
import { Batches } from './batches.ts';
import { type Endpoint, type Feature, openService } from './service.ts';

interface Options {
  endpoint: Endpoint;
  /** Does what Google cannot: compare faces and detect speech. */
  local: VisionProvider;
  spend: Spend;
  /** How long a frame of a recording is retried while Google is unreachable or over its quota per minute. */
  retrySeconds: number;
}

/** Concurrent frames: two requests of 16 pictures. */
const PARALLEL = 32;
/** A later result for a snapshot is no use to people who watch live. */
const LIVE_PATIENCE_MS = 4_000;
/** The same size at which recordings are sampled. */
const SNAPSHOT_SIDES = { width: 640, height: 480 };
/**
 * Measured with the local nets on 36 faces: the gaze changes by .005 of the eye's width (95 %); at quality 75 by .05, while .08
 * is a glance. A frame of 640 × 480 takes 40 to 100 kB.
 */
const JPEG_QUALITY = 92;

/** Results for a frame, known or pending. */
interface Look {
  faces: Promise<ObservedFace[]>;
  phones: Promise<FoundPhone[]> | null;
}

/**
 * Analyses frames with Google Cloud Vision. `local` finds and compares the faces of verifications, and detects speech: Google
 * cannot compare faces, and the accuracy measured for verification is that of the nets that do both.
 * @throws Error if there are no credentials.
 */
export async function createGoogleVision({ endpoint, local, spend, retrySeconds }: Options): Promise<VisionProvider> {
  const service = openService(endpoint);
  await service.checkCredentials();
  const closing = new AbortController();
  const openBatches = (patienceMs: number) =>
    new Batches((pictures) => annotate(pictures, { service, spend, patienceMs, signal: closing.signal }));
  const recorded = openBatches(retrySeconds * 1_000);
  /** Separate batches, so that people who watch live do not wait for a recording. */
  const live = openBatches(LIVE_PATIENCE_MS);
  /** Google is not asked twice about the same feature of a frame, because it bills each feature of each picture. */
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

  /** Google finds faces but does not compare them; that is done here. */
  async function observe(
    frame: Frame,
    { phones: wantsPhones, people = true, embed = false }: LookFor,
    batches: Batches,
  ): Promise<FrameObservation> {
    const { faces, phones } = look(frame, wantsPhones, batches);
    const described = embed ? local.observe(frame, { phones: false, embed }) : null;
    const [foundFaces, foundPhones, here] = await Promise.all([faces, phones, described]);
    // Where Google finds nobody, a face or a person that is found here is covered, cut or hardly visible.
    const second = foundFaces.length > 0 || !people ? null : (here ?? (await local.observe(frame, { phones: false })));
    return {
      faces: foundFaces,
      covered: second !== null && (second.covered || second.faces.length > 0),
      phones: (wantsPhones && foundPhones) || [],
      outstanding: here?.outstanding ?? null,
    };
  }

  return {
    detector: `google/v1 (FACE_DETECTION, OBJECT_LOCALIZATION) + ${local.detector}`,
    verifier: local.verifier,
    parallel: PARALLEL,
    observe: (frame, look) => observe(frame, look, recorded),
    async observeImage(image, look) {
      // Never sent unchanged: it may be damaged, rotated or too large, and its metadata may reveal where it was taken.
      const { frame } = await decodeImage(image, SNAPSHOT_SIDES);
      return { observation: await observe(frame, look, live), frame };
    },
    readFaceImage: (image) => local.readFaceImage(image),
    openSpeech: () => local.openSpeech(),
    prepare: async () => local.prepare?.(),
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
