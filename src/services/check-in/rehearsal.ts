import type { SpooledFile } from '../../adapters/storage/storage.ts';
import { adviceOn, type PictureAdvice } from '../identity/face-match.ts';
import type { Verifications } from '../identity/verifications.ts';
import { createPersonalLimit } from '../personal-limit.ts';
import type { CheckedMedia, Recordings } from '../recordings/recordings.ts';

/** A person looks at each answer before the next try. Those who share a link share its limit. */
const PER_MINUTE = { person: 20, link: 300 };

export interface PictureCheck {
  /** How many faces it shows. */
  faces: number;
  /** What would make it better; empty for a picture that a check-in takes. */
  advice: PictureAdvice[];
}

/** Whose try it is: of the bearer of a link that names nobody, `userId` is null. */
export interface Rehearsing {
  examId: string;
  userId: string | null;
}

/** Trying out camera and line before an exam, with what the exam itself uses. Nothing is kept. */
export function createRehearsal({ verifications, recordings }: { verifications: Verifications; recordings: Recordings }) {
  const personal = createPersonalLimit({ perMinute: PER_MINUTE.person, what: 'tries' });
  const shared = createPersonalLimit({ perMinute: PER_MINUTE.link, what: 'tries of all who have this link' });

  const take = ({ examId, userId }: Rehearsing) =>
    userId === null ? shared.take({ examId, userId: '' }) : personal.take({ examId, userId });

  return {
    /**
     * Looks whether a check-in would take a picture.
     * @param read gets the encoded picture, which is not kept
     * @throws AppError `invalid_request` for what is no picture; TooOften
     */
    async checkPicture(who: Rehearsing, read: () => Promise<Uint8Array>): Promise<PictureCheck> {
      await take(who);
      const image = await verifications.readPicture(await read(), 'image');
      return { faces: image.faces.length, advice: adviceOn(image) };
    },

    /** Looks whether a recording could be used. @throws AppError `invalid_request` with what is wrong with it; TooOften */
    async checkRecording(who: Rehearsing, file: SpooledFile): Promise<CheckedMedia> {
      await take(who);
      return recordings.check(file, 'recording');
    },
  };
}

export type Rehearsal = ReturnType<typeof createRehearsal>;
