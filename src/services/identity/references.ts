import type { Database } from '../../adapters/database/database.ts';
import type { FaceImage } from '../../adapters/vision/vision.ts';
import { invalidField } from '../../errors.ts';
import { decodeImage } from './images.ts';
import type { Verifications } from './verifications.ts';

/** Looking for the face in a picture takes a part of a second. */
const MOST_REFERENCES = 100;
/** How long at least a face is known before an exam without a closing time, and FACE_TEMPLATE_HOURS longer. */
const REFERENCE_MS = 30 * 24 * 3_600_000;

interface Pictured {
  userId: string;
  /** Base64 or a data URL. */
  referenceImage?: string | null | undefined;
}

/** The face of somebody who is invited. */
export interface Reference {
  userId: string;
  face: FaceImage;
}

/** The pictures with which an LMS invites: of each the face is kept for comparison, the picture is not. */
export function createReferences({ db, verifications }: { db: Database['prisma']; verifications: Verifications }) {
  return {
    /**
     * Finds the faces in the pictures of an invitation. Stores nothing.
     * @throws AppError `invalid_request` that names the first picture that cannot be used, by its place in the invitation
     */
    async read(invited: readonly Pictured[]): Promise<Reference[]> {
      const pictured = invited.flatMap(({ userId, referenceImage }, i) =>
        referenceImage == null ? [] : [{ userId, field: `participants[${i}].referenceImage`, referenceImage }],
      );
      if (pictured.length > MOST_REFERENCES) throw invalidField('participants', `must hold at most ${MOST_REFERENCES} reference pictures`);
      const references: Reference[] = [];
      for (const { userId, field, referenceImage } of pictured) {
        if (!verifications.keepsFaces) throw invalidField(field, 'cannot be used: this server keeps no faces (FACE_TEMPLATE_HOURS is 0)');
        references.push({ userId, face: await verifications.readReference(decodeImage(referenceImage, field), field) });
      }
      return references;
    },

    /** Keeps the faces until the exam is over. Call it after the invitation: of a refused one, no face is kept. */
    async keep(examId: string, references: readonly Reference[]): Promise<void> {
      if (references.length === 0) return;
      const { tenant, closesAt } = await db.exam.findUniqueOrThrow({ where: { id: examId }, select: { tenant: true, closesAt: true } });
      const from = new Date(Math.max(Date.now() + REFERENCE_MS, closesAt?.getTime() ?? 0));
      for (const { userId, face } of references) await verifications.keepReference({ tenant, userId }, face, from);
    },
  };
}

export type References = ReturnType<typeof createReferences>;
