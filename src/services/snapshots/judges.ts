import { PHONE_SURE, PHONE_UNSURE } from '../analysis/judge-webcam.ts';
import type { Judge } from './judge.ts';
import { scene } from './scene-judge.ts';

/** An unsure phone only continues an episode that a sure one started. */
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

/** Applied to every snapshot, in this order; the identity judge is added to them. */
export const judges: readonly Judge[] = [scene, phone];
