import { LRUCache } from 'lru-cache';
import type { FaceEmbedding, MainFace } from '../../adapters/vision/vision.ts';
import type { Logger } from '../../log.ts';
import {
  compareFace,
  describeRun,
  follow,
  freshRun,
  type IdentityRun,
  isDue,
  isLasting,
  learnLook,
  STALE,
  strangeness,
} from '../analysis/identity.ts';
import type { FaceTemplates } from '../identity/face-templates.ts';
import type { AdmittedParticipant } from './admit.ts';
import type { Judge } from './judge.ts';

/** Seconds between two identity checks; fewer if there is a suspicion. */
const LIVE_EVERY = 15;
const KNOWN_FACES = 2_000;
const KNOWN_MS = 60_000;
const REMEMBERED = 50_000;
/** Looks are biometric data: in this process only, and forgotten when a face has not been compared for so long. */
const LOOKS_MS = 30 * 60_000;

/** When a participant's face was last requested and what has been found since. Known to this process only; it may be lost. */
interface Asked {
  at: number;
  run: IdentityRun;
}

/** Later looks of a verified face, of this process only. */
interface Looks {
  of: FaceEmbedding;
  looks: readonly FaceEmbedding[];
}

const isSame = (a: FaceEmbedding, b: FaceEmbedding) => a === b || a.dlib.every((value, index) => value === b.dlib[index]);

/**
 * Checks whether the person in front of the camera is the verified one: for verified users only, and from time to time, because
 * it is expensive.
 */
export function createIdentityJudge({ faceTemplates, log }: { faceTemplates: FaceTemplates; log: Logger }) {
  const faces = new LRUCache<string, { face: FaceEmbedding | null }>({ max: KNOWN_FACES, ttl: KNOWN_MS });
  const asked = new LRUCache<string, Asked>({ max: REMEMBERED });
  const looksOf = new LRUCache<string, Looks>({ max: KNOWN_FACES, ttl: LOOKS_MS, ttlAutopurge: true, updateAgeOnGet: true });

  /** Compares and learns. Looks end with the stored face that they belong to. */
  function compare(participantId: string, verified: FaceEmbedding, face: MainFace | null | undefined) {
    const kept = looksOf.get(participantId);
    const looks = kept && isSame(kept.of, verified) ? kept.looks : [];
    const result = compareFace(verified, face, looks);
    if (face) looksOf.set(participantId, { of: verified, looks: learnLook(verified, looks, face) });
    return result;
  }

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
      if (embedded && !verified) looksOf.delete(who.participantId);
      const next = verified ? follow(run, at / 1_000, compare(who.participantId, verified, observation.outstanding)) : run;
      if (verified) asked.set(who.participantId, { at, run: next });
      // Between two checks it counts as the same person.
      const isStranger = isLasting(next) && at / 1_000 - next.last <= STALE && observation.faces.length > 0;
      const isOn = isStranger ? true : next.mismatches > 0 || !verified ? null : false;
      const verdict = { type: 'face_mismatch', isOn, score: strangeness(next), ...(isStranger && { reason: describeRun(next) }) };
      return { verdicts: [verdict], memory: next };
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
