import type { Database } from '../../adapters/database/database.ts';
import { type FaceEmbedding, type FaceImage, ImageError, type VisionProvider } from '../../adapters/vision/vision.ts';
import { AppError, invalidField } from '../../errors.ts';
import type { Verification } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import { type AnswerKeeper, inPrisma, keepAnswers } from '../idempotency.ts';
import { faultOfReference, isLowQuality, matchFaces, matchTemplate } from './face-match.ts';
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

/** A participant whose face is compared. */
export interface Compared {
  tenant: string;
  userId: string;
  participantId: string;
}

export function createVerifications({ db, vision, faceTemplates }: Dependencies) {
  async function read(image: Uint8Array, field: string) {
    try {
      return await vision.readFaceImage(image);
    } catch (error) {
      if (error instanceof ImageError) throw invalidField(field, error.message, { cause: error });
      throw error;
    }
  }

  async function compare({ tenant, userId, participantId }: Compared, template: FaceEmbedding, image: FaceImage): Promise<Verification> {
    const outcome = matchTemplate(template, image);
    return db.verification.create({ data: { id: newId('ver'), tenant, userId, participantId, detector: vision.verifier, ...outcome } });
  }

  /** Keeps the face of a picture that `readReference` read, without the picture. @param from see `FaceTemplates.keep` */
  async function keepReference(whose: { tenant: string; userId: string }, { main }: FaceImage, from: Date): Promise<void> {
    if (main) await faceTemplates.keep(db, whose, main.embedding, from);
  }

  return {
    /**
     * Reads a picture that is to be compared with later.
     * @throws AppError `invalid_request` that names the field, for a picture without exactly one clear face
     */
    async readReference(image: Uint8Array, field: string): Promise<FaceImage> {
      const face = await read(image, field);
      const fault = faultOfReference(face);
      if (fault) throw invalidField(field, fault);
      return face;
    },

    /** Looks at a picture. @throws AppError `invalid_request` that names the field, for what is none */
    readPicture: read,

    keepReference,

    /** Compares a picture with the face that is known; the first one becomes that, and the answer is null. */
    async keepOrCompare(who: Compared, image: FaceImage, from: Date): Promise<Verification | null> {
      const known = await faceTemplates.find(who);
      if (known) return compare(who, known, image);
      if (!image.main || (await faceTemplates.keepFirst(who, image.main.embedding, from))) return null;
      // Another one came at the same moment. A template that cannot be read is no face.
      const first = await faceTemplates.find(who);
      if (first) return compare(who, first, image);
      await keepReference(who, image, from);
      return null;
    },

    /** Whether this server keeps faces at all. */
    keepsFaces: faceTemplates.keepsFaces,

    /**
     * Compares a picture from the participant's own page with the face that is known of them.
     * @throws AppError `conflict` if none is
     */
    async verifyParticipant(who: Compared, image: Uint8Array): Promise<Verification> {
      const template = await faceTemplates.find(who);
      if (!template) throw new AppError('conflict', 'No reference picture of this participant is known');
      return compare(who, template, await read(image, 'image'));
    },

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
