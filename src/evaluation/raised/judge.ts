import type { SampledFrame } from '../../adapters/media/ffmpeg-sample.ts';
import type { Frame, FrameObservation } from '../../adapters/vision/vision.ts';
import { type AnalysisWarning, toWarnings } from '../../services/analysis/episodes.ts';
import { judgeWebcam } from '../../services/analysis/judge-webcam.ts';
import type { Sensitivity } from '../../services/analysis/sign-track.ts';
import { watchWebcam, type WebcamSample } from '../../services/analysis/watch-webcam.ts';
import { createRandom } from '../statistics.ts';
import { SITTING_SECONDS, type Sitting } from './sitting.ts';

export const SENSITIVITIES = ['LOW', 'MEDIUM', 'HIGH'] as const satisfies readonly Sensitivity[];

/** As small as a change of the whole picture can be seen in: nothing else is read from it. */
const WIDTH = 40;
const HEIGHT = 16;
const NOISES = 16;

/**
 * Pictures of noise: everything moves, so that no face and no picture passes for still, and phones are looked for as often as in a
 * picture that changes. What is in them is told by the observations.
 */
function createNoise(): readonly Uint8Array[] {
  const random = createRandom(7);
  return Array.from({ length: NOISES }, () => Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => Math.floor(random() * 256)));
}

const noise = createNoise();

/** The warnings of a sitting at each sensitivity, by the code that analyses a recording with one sample per second. */
export async function judgeSitting({
  observations,
  talk,
}: Pick<Sitting, 'observations' | 'talk'>): Promise<Record<Sensitivity, AnalysisWarning[]>> {
  const seen = new WeakMap<Frame, FrameObservation>();
  async function* frames(): AsyncGenerator<SampledFrame> {
    for (const [time, observation] of observations.entries()) {
      const frame = { data: noise[time % NOISES] ?? new Uint8Array(), width: WIDTH, height: HEIGHT };
      seen.set(frame, observation);
      yield { time, frame, release: () => {} };
    }
  }
  const looker = {
    parallel: 1,
    observe: async (frame: Frame, { phones }: { phones: boolean }) => {
      const observation = seen.get(frame) ?? { faces: [], covered: false, phones: [] };
      return phones ? observation : { ...observation, phones: [] };
    },
  };
  const samples: WebcamSample[] = [];
  for await (const sample of watchWebcam(frames(), looker)) samples.push(sample);
  const { signs } = judgeWebcam(samples, talk, { duration: SITTING_SECONDS, interval: 1, stalls: [] });
  const [LOW, MEDIUM, HIGH] = SENSITIVITIES.map((sensitivity) => toWarnings(signs, sensitivity));
  return { LOW: LOW ?? [], MEDIUM: MEDIUM ?? [], HIGH: HIGH ?? [] };
}
