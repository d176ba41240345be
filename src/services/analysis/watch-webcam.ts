import type { SampledFrame } from '../../adapters/media/ffmpeg-sample.ts';
import type { Frame, FrameObservation, LookFor, ObservedFace, VisionProvider } from '../../adapters/vision/vision.ts';
import { mapOrdered } from '../../async/map-ordered.ts';
import { createFacePlaces, type FacePlace } from './face-places.ts';
import { createIdentityWatch, type IdentityWatch } from './identity.ts';
import { createPictureWatch, isSame, type PictureSigns } from './picture-watch.ts';
import { createSceneWatch, isSamePicture, thumbnail } from './scene.ts';

export interface WebcamSample {
  /** Seconds. */
  time: number;
  faces: ObservedFace[];
  /** For each face, where it stands still. */
  places: FacePlace[];
  /** Whether somebody is there although no face was found. */
  covered: boolean;
  picture: PictureSigns;
  /** Score of the most likely phone, 0 if there is none. */
  phone: number;
}

/** Looking for phones is the most expensive part, so it is done for every third frame, and for frames that may show one. */
const PHONE_EVERY = 3;
/**
 * Every second frame if much changes: of two in a row one is looked at, and if it shows a phone, so is the other. A phone in a
 * single frame would be smoothed over.
 */
const PHONE_EVERY_CHANGED = 2;

interface Look {
  sampled: SampledFrame;
  phones: boolean;
  /** Whether the face was to be compared. */
  embed: boolean;
  observation: FrameObservation;
}

/** Frames that wait per frame being looked at, so that a free worker continues at once. */
const QUEUED = 1;

type Looker = Pick<VisionProvider, 'observe' | 'parallel'>;

/** Looks at frames as they come, and only once at a picture that stands still; keeps only a few at a time. */
export async function* watchWebcam(
  frames: AsyncIterable<SampledFrame>,
  vision: Looker,
  identity: IdentityWatch = createIdentityWatch(null),
): AsyncGenerator<WebcamSample> {
  const scene = createSceneWatch();
  const observe = createObserver(vision);
  let sinceLook = PHONE_EVERY;
  let changedSinceLook = false;
  let phoneInView = false;
  let latest: { frame: Frame; phones: boolean; observation: Promise<FrameObservation> } | undefined;
  const looks = mapOrdered(frames, vision.parallel * (1 + QUEUED), async (sampled): Promise<Look> => {
    const { frame } = sampled;
    changedSinceLook = scene.hasChanged(frame) || changedSinceLook;
    const known = latest && isSamePicture(latest.frame, frame) ? latest : null;
    sinceLook += 1;
    const isDue = sinceLook >= (changedSinceLook ? PHONE_EVERY_CHANGED : PHONE_EVERY);
    const phones = known?.phones || phoneInView || isDue;
    if (phones) {
      sinceLook = 0;
      changedSinceLook = false;
    }
    const embed = identity.isDue(sampled.time);
    const isKnown = known && (known.phones || !phones) && !embed;
    const look = isKnown ? known : { frame, phones, observation: observe(sampled, { phones, embed }) };
    latest = look;
    return { sampled, phones, embed, observation: await look.observation };
  });
  const sample = createSampler(identity);
  const toSample = (look: Look) => {
    const result = sample(look);
    // Later frames are still compared with the latest one.
    if (look.sampled.frame !== latest?.frame) look.sampled.release();
    return result;
  };
  let skipped: Look[] = [];
  for await (const look of looks) {
    if (!look.phones) {
      skipped.push(look);
      continue;
    }
    const wasInView = phoneInView;
    phoneInView = look.observation.phones.length > 0;
    // Only between two looks without a phone is there surely none: otherwise it came or went somewhere in between.
    if (phoneInView || wasInView) skipped = await Promise.all(skipped.map((missed) => lookAgain(missed, vision)));
    yield* [...skipped, look].map(toSample);
    skipped = [];
  }
  yield* (await Promise.all(skipped.map((missed) => lookAgain(missed, vision)))).map(toSample);
}

/** Seconds after which somebody without a face is looked for again in a picture that stands still. */
const PEOPLE_EVERY = 10;
/** Out of 255: a picture without a brighter cell is too dark to say that it stands still. */
const LEAST_BRIGHT = 90;

/** Observes frames in order, and looks only once for somebody without a face in an empty room where nothing moves. */
function createObserver(vision: Looker) {
  let still: { time: number; cells: Uint8Array; observation: Promise<FrameObservation> } | null = null;
  return async ({ time, frame }: SampledFrame, look: LookFor): Promise<FrameObservation> => {
    const cells = thumbnail(frame);
    const isStill = still && time - still.time < PEOPLE_EVERY && Math.max(...cells) >= LEAST_BRIGHT && isSame(still.cells, cells);
    if (!still || !isStill) {
      const observation = vision.observe(frame, look);
      still = { time, cells, observation };
      return observation;
    }
    const [before, now] = await Promise.all([still.observation, vision.observe(frame, { ...look, people: false })]);
    if (now.faces.length > 0) return now;
    const { covered } = before.faces.length === 0 ? before : await vision.observe(frame, { phones: false });
    return { ...now, covered };
  };
}

/** For phones, and for the faces without those on a phone. */
async function lookAgain({ observation: before, ...look }: Look, vision: Looker): Promise<Look> {
  const { phones, faces } = await vision.observe(look.sampled.frame, { phones: true, people: false });
  return { ...look, observation: { ...before, phones, faces } };
}

/** Must be given all looks in order. */
function createSampler(identity: IdentityWatch): (look: Look) => WebcamSample {
  const pictures = createPictureWatch();
  const places = createFacePlaces();
  return ({ sampled: { time, frame }, embed, observation: { faces, covered, phones, outstanding } }) => {
    const picture = pictures.see(time, frame);
    if (embed) identity.see(time, picture.stillSince, outstanding);
    return { time, faces, places: places.see(time, frame, faces), covered, picture, phone: phones[0]?.score ?? 0 };
  };
}
