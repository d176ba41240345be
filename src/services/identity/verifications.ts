import type { Database } from '../../adapters/database/database.ts';
import { type FaceImage, ImageError, type VisionProvider } from '../../adapters/vision/vision.ts';
import { invalidField } from '../../errors.ts';
import type { Verification } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import { type AnswerKeeper, inPrisma, keepAnswers } from '../idempotency.ts';
import { isLowQuality, matchFaces } from './face-match.ts';
import type { FaceTemplates } from './face-templates.ts';

export interface VerifyInput {
  tenant: string;
  userId: string;
  /** Encoded JPEG, PNG or WebP. */
  referenceImage: Uint8Array;
  verificationImage: Uint8Array;
}

interface Dependencies {
  db: Database['prisma'];
  vision: VisionProvider;
  faceTemplates: FaceTemplates;
}

/** The picture of this check, which mostly comes from the camera of the exam; the reference if that picture is poor. */
const faceToKeep = (reference: FaceImage, candidate: FaceImage) =>
  candidate.main && isLowQuality(candidate.main) ? reference.main : candidate.main;

export function createVerifications({ db, vision, faceTemplates }: Dependencies) {
  async function read(image: Uint8Array, field: string) {
    try {
      return await vision.readFaceImage(image);
    } catch (error) {
      if (error instanceof ImageError) throw invalidField(field, error.message, { cause: error });
      throw error;
    }
  }

  return {
    /** Compares the faces of two images. The images are not kept; the outcome is, and for verified users the face for a while. */
    async verify(
      { tenant, userId, referenceImage, verificationImage }: VerifyInput,
      keeper: AnswerKeeper | null = null,
    ): Promise<Verification> {
      const [reference, candidate] = await Promise.all([
        read(referenceImage, 'referenceImage'),
        read(verificationImage, 'verificationImage'),
      ]);
      const outcome = matchFaces(reference, candidate);
      const face = outcome.verified ? faceToKeep(reference, candidate) : null;
      return db.$transaction(async (tx) => {
        if (face) await faceTemplates.keep(tx, { tenant, userId }, face.embedding);
        const row = await tx.verification.create({ data: { id: newId('ver'), tenant, userId, detector: vision.verifier, ...outcome } });
        if (keeper) await keepAnswers(inPrisma(tx), [await keeper.answer(row)]);
        return row;
      });
    },
  };
}

export type Verifications = ReturnType<typeof createVerifications>;
