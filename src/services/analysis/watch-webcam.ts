import type { SampledFrame } from '../../adapters/ffmpeg-sample.ts';
import type { Frame, FrameObservation, ObservedFace, VisionProvider } from '../../adapters/vision.ts';
import { mapOrdered } from './map-ordered.ts';
import { createSceneWatch, isSamePicture } from './scene.ts';

export interface WebcamSample {
  /** Seconds. */
  time: number;
  faces: ObservedFace[];
  /** Score of the likeliest phone, 0 where none is seen. */
  phone: number;
}

/** Looking for phones is the dearest part, so it is done for every third frame and where it may matter. */
const PHONE_EVERY = 3;
/**
 * Where much changes, in every second frame: one of two in a row is looked at, and where it shows a phone so is the other.
 * A phone in a single frame would be smoothed over.
 */
const PHONE_EVERY_CHANGED = 2;

interface Look {
  sampled: SampledFrame;
  phones: boolean;
  observation: FrameObservation;
}

/** Frames that wait for each one that is looked at, so that whoever is done first goes on at once. */
const QUEUED = 1;

/** Looks at frames as they come, and once at a picture that stands still; keeps only a few at a time. */
export async function* watchWebcam(frames: AsyncIterable<SampledFrame>, vision: VisionProvider): AsyncGenerator<WebcamSample> {
  const scene = createSceneWatch();
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
    const look = known && (known.phones || !phones) ? known : { frame, phones, observation: vision.observe(frame, { phones }) };
    latest = look;
    return { sampled, phones, observation: await look.observation };
  });
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

const lookAgain = async (look: Look, vision: VisionProvider): Promise<Look> => ({
  ...look,
  observation: await vision.observe(look.sampled.frame, { phones: true }),
});

const toSample = ({ sampled, observation }: Look): WebcamSample => ({
  time: sampled.time,
  faces: observation.faces,
  phone: observation.phones[0]?.score ?? 0,
});
