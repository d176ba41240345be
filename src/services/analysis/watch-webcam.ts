import type { SampledFrame } from '../../adapters/ffmpeg-sample.ts';
import type { FrameObservation, ObservedFace, VisionProvider } from '../../adapters/vision.ts';
import { mapOrdered } from './map-ordered.ts';
import { createSceneWatch } from './scene.ts';

export interface WebcamSample {
  /** Seconds. */
  time: number;
  faces: ObservedFace[];
  /** Score of the likeliest phone, 0 where none is seen. */
  phone: number;
}

/** Frames before the workers at once. */
const UNDER_WAY = 2;

/** Looking for phones is the dearest part, so it is done for every third frame and where it may matter. */
const PHONE_EVERY = 3;

interface Look {
  sampled: SampledFrame;
  phones: boolean;
  observation: FrameObservation;
}

/** Looks at frames as they come; keeps no more than five of them. */
export async function* watchWebcam(frames: AsyncIterable<SampledFrame>, vision: VisionProvider): AsyncGenerator<WebcamSample> {
  const scene = createSceneWatch();
  let sinceLook = PHONE_EVERY;
  let phoneInView = false;
  const looks = mapOrdered(frames, UNDER_WAY, async (sampled): Promise<Look> => {
    const hasChanged = scene.hasChanged(sampled.frame);
    sinceLook += 1;
    const phones = phoneInView || hasChanged || sinceLook >= PHONE_EVERY;
    if (phones) sinceLook = 0;
    return { sampled, phones, observation: await vision.observe(sampled.frame, { phones }) };
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
