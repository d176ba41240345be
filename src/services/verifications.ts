import type { Database } from '../adapters/database.ts';
import { ImageError, type VisionProvider } from '../adapters/vision.ts';
import { invalidField } from '../errors.ts';
import type { Verification } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { matchFaces } from './face-match.ts';

export interface VerifyInput {
  tenant: string;
  userId: string;
  /** Encoded JPEG, PNG or WebP. */
  referenceImage: Uint8Array;
  verificationImage: Uint8Array;
}

export function createVerifications({ db, vision }: { db: Database['prisma']; vision: VisionProvider }) {
  async function read(image: Uint8Array, field: string) {
    try {
      return await vision.readFaceImage(image);
    } catch (error) {
      if (error instanceof ImageError) throw invalidField(field, error.message, { cause: error });
      throw error;
    }
  }

  return {
    /** Compares the faces of two images. The images are not kept; the outcome is. */
    async verify({ tenant, userId, referenceImage, verificationImage }: VerifyInput): Promise<Verification> {
      const [reference, candidate] = await Promise.all([
        read(referenceImage, 'referenceImage'),
        read(verificationImage, 'verificationImage'),
      ]);
      const outcome = matchFaces(reference, candidate);
      return db.verification.create({ data: { id: newId('ver'), tenant, userId, detector: vision.verifier, ...outcome } });
    },
  };
}

export type Verifications = ReturnType<typeof createVerifications>;
