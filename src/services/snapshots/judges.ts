import { PHONE_SURE, PHONE_UNSURE } from '../analysis/judge-webcam.ts';
import type { Judge } from './judge.ts';
import { scene } from './scene-judge.ts';

/** What looks a little like a phone only keeps alive what surely looked like one. */
const phone: Judge = {
  name: 'phone',
  judge({ observation, phones }, memory) {
    const wasSighted = memory === true;
    if (!phones) return { verdicts: [], memory };
    const score = observation.phones[0]?.score ?? 0;
    const isSure = score >= PHONE_SURE;
    const isSighted = isSure || (wasSighted && score >= PHONE_UNSURE);
    return { verdicts: [{ type: 'phone_usage', isOn: isSighted && !isSure ? null : isSure, score }], memory: isSighted };
  },
};

/** Of every snapshot, in this order; another one tells who it is. */
export const judges: readonly Judge[] = [scene, phone];
