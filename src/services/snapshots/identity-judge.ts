import { LRUCache } from 'lru-cache';
import type { FaceEmbedding } from '../../adapters/vision/vision.ts';
import type { Logger } from '../../log.ts';
import { compareFace, follow, freshRun, type IdentityRun, isDue, isLasting, STALE, strangeness } from '../analysis/identity.ts';
import type { FaceTemplates } from '../identity/face-templates.ts';
import type { AdmittedParticipant } from './admit.ts';
import type { Judge } from './judge.ts';

/** Seconds between two identity checks; fewer if there is a suspicion. */
const LIVE_EVERY = 15;
const KNOWN_FACES = 2_000;
const KNOWN_MS = 60_000;
const REMEMBERED = 50_000;

/** When a participant's face was last requested and what has been found since. Known to this process only; it may be lost. */
interface Asked {
  at: number;
  run: IdentityRun;
}

/**
 * Checks whether the person in front of the camera is the verified one: for verified users only, and from time to time, because
 * it is expensive.
 */
export function createIdentityJudge({ faceTemplates, log }: { faceTemplates: FaceTemplates; log: Logger }) {
  const faces = new LRUCache<string, { face: FaceEmbedding | null }>({ max: KNOWN_FACES, ttl: KNOWN_MS });
  const asked = new LRUCache<string, Asked>({ max: REMEMBERED });

  async function findFace({ participantId, tenant, userId }: Pick<AdmittedParticipant, 'participantId' | 'tenant' | 'userId'>) {
    const known = faces.get(participantId);
    if (known) return known.face;
    const face = await faceTemplates.find({ tenant, userId });
    faces.set(participantId, { face });
    return face;
  }

  const judge: Judge = {
    name: 'identity',
    async judge({ at, embedded, observation, ...who }, memory) {
      const run = (memory as IdentityRun | undefined) ?? freshRun();
      const verified = embedded ? await findFace(who) : null;
      const next = verified ? follow(run, at / 1_000, compareFace(verified, observation.outstanding)) : run;
      if (verified) asked.set(who.participantId, { at, run: next });
      // Between two checks it counts as the same person.
      const isStranger = isLasting(next) && at / 1_000 - next.last <= STALE && observation.faces.length > 0;
      const isOn = isStranger ? true : next.mismatches > 0 || !verified ? null : false;
      return { verdicts: [{ type: 'face_mismatch', isOn, score: strangeness(next) }], memory: next };
    },
  };

  return {
    judge,

    /** Whether to compare the face in a snapshot taken `at`. Without a database nothing is compared. */
    async isDue(participant: AdmittedParticipant, at: number): Promise<boolean> {
      const { at: last, run } = asked.get(participant.participantId) ?? { at: -Infinity, run: freshRun() };
      if (!isDue(run, (at - last) / 1_000, LIVE_EVERY)) return false;
      try {
        if (!(await findFace(participant))) return false;
      } catch (error) {
        log.warn({ err: error, examId: participant.examId }, 'a verified face could not be read; will try again');
        return false;
      }
      asked.set(participant.participantId, { at, run });
      return true;
    },
  };
}

export type IdentityJudge = ReturnType<typeof createIdentityJudge>;
