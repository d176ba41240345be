import { availableParallelism } from 'node:os';
import type { SpooledFile } from '../../adapters/storage/storage.ts';
import type { VisionProvider } from '../../adapters/vision/vision.ts';
import { CallerGates } from '../../async/caller-gates.ts';
import { Gate } from '../../async/gate.ts';
import { adviceOn, type PictureAdvice } from '../identity/face-match.ts';
import type { Verifications } from '../identity/verifications.ts';
import { createPersonalLimit } from '../personal-limit.ts';
import type { CheckedMedia, Recordings } from '../recordings/recordings.ts';

/** A person looks at each answer before the next try. Those who share a link may all be behind one address. */
const PER_MINUTE = { person: 20, address: 300 };
/** How many tries are looked at together, of one person and of those who share a link at one address. */
const AT_ONCE = { person: 1, address: 4 };

export interface PictureCheck {
  /** How many faces it shows. */
  faces: number;
  /** What would make it better; empty for a picture that a check-in takes. */
  advice: PictureAdvice[];
}

/** Whose try it is. */
export interface Rehearsing {
  examId: string;
  /** Null for the bearer of a link that names nobody. */
  userId: string | null;
  /** A link is in mails and histories: whoever found it must not use up the tries of the one who has joined. */
  isLink: boolean;
  address: string;
}

interface Dependencies {
  verifications: Verifications;
  recordings: Recordings;
  vision: Pick<VisionProvider, 'parallel'>;
}

/** Trying out camera and line before an exam, with what the exam itself uses. Nothing is kept. */
export function createRehearsal({ verifications, recordings, vision }: Dependencies) {
  const seated = createPersonalLimit({ perMinute: PER_MINUTE.person, what: 'tries' });
  const invited = createPersonalLimit({ perMinute: PER_MINUTE.person, what: 'tries by this link' });
  const shared = createPersonalLimit({ perMinute: PER_MINUTE.address, what: 'tries by this link from one address' });
  const mine = new CallerGates();
  // One place stays free for exams that run, however many try out theirs with whatever takes long.
  const pictures = new Gate(Math.max(1, vision.parallel - 1));
  const files = new Gate(Math.max(1, availableParallelism() - 1));

  const take = ({ examId, userId, isLink, address }: Rehearsing) =>
    userId === null ? shared.take({ examId, userId: address }) : (isLink ? invited : seated).take({ examId, userId });

  /** In turn with the others; what one person sends waits behind what that person sent before. */
  function inTurn<T>({ examId, userId, isLink, address }: Rehearsing, gate: Gate, look: () => Promise<T>): Promise<T> {
    const name = JSON.stringify([examId, userId, isLink, userId === null && address]);
    return mine.run(name, userId === null ? AT_ONCE.address : AT_ONCE.person, () => gate.run(look));
  }

  return {
    /**
     * Looks whether a check-in would take a picture.
     * @param read gets the encoded picture, which is not kept
     * @throws AppError `invalid_request` for what is no picture; TooOften
     */
    async checkPicture(who: Rehearsing, read: () => Promise<Uint8Array>): Promise<PictureCheck> {
      await take(who);
      const image = await inTurn(who, pictures, async () => verifications.readPicture(await read(), 'image'));
      return { faces: image.faces.length, advice: adviceOn(image) };
    },

    /** Looks whether a recording could be used. @throws AppError `invalid_request` with what is wrong with it; TooOften */
    async checkRecording(who: Rehearsing, file: SpooledFile): Promise<CheckedMedia> {
      await take(who);
      return inTurn(who, files, () => recordings.check(file, 'recording', { isOne: true }));
    },
  };
}

export type Rehearsal = ReturnType<typeof createRehearsal>;
