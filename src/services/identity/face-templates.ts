import type { Database } from '../../adapters/database/database.ts';
import { sealBytes, unsealBytes } from '../../adapters/storage/sealed-bytes.ts';
import type { FaceEmbedding } from '../../adapters/vision/vision.ts';
import { startSweep } from '../../async/sweep.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';

const HOUR_MS = 3_600_000;
const SWEEP_MS = 10_000;
const DLIB_VALUES = 128;
const FACERES_VALUES = 1024;

interface Whose {
  tenant: string;
  userId: string;
}

interface Dependencies {
  db: Database['prisma'];
  log: Logger;
  /** The installation's secret, the same for all its processes: templates sealed with another secret cannot be read. */
  secret: string;
  /** How long a template is kept; 0 keeps none. */
  hours: number;
}

/**
 * The faces of verified users, kept for a while: the webcam is compared with them during an exam. They are biometric data, so
 * they are stored encrypted, expire by themselves, and no endpoint returns them.
 */
export function createFaceTemplates({ db, log, secret, hours }: Dependencies) {
  const sealOf = ({ tenant, userId }: Whose) => ({
    secret: Buffer.from(secret),
    purpose: 'face-template',
    context: JSON.stringify([tenant, userId]),
  });

  const rowOf = (whose: Whose, face: FaceEmbedding, from: Date) => ({
    sealed: sealBytes(toBytes(face), sealOf(whose)),
    createdAt: new Date(),
    expiresAt: new Date(from.getTime() + hours * HOUR_MS),
  });

  return {
    /** Whether this server keeps faces at all. */
    keepsFaces: hours > 0,

    /**
     * Stores a face, replacing an earlier one.
     * @param from when the time begins for which it is kept: now, or the end of an exam that is to come
     */
    async keep(tx: Pick<Prisma.TransactionClient, 'faceTemplate'>, whose: Whose, face: FaceEmbedding, from = new Date()): Promise<void> {
      if (hours === 0) return;
      const row = rowOf(whose, face, from);
      const { tenant, userId } = whose;
      await tx.faceTemplate.upsert({ where: { tenant_userId: { tenant, userId } }, create: { tenant, userId, ...row }, update: row });
    },

    /** Stores a face unless one is known, which of two that come at once is only one. @returns whether it is now the known one */
    async keepFirst(whose: Whose, face: FaceEmbedding, from: Date): Promise<boolean> {
      if (hours === 0) return true;
      const { tenant, userId } = whose;
      await db.faceTemplate.deleteMany({ where: { tenant, userId, expiresAt: { lte: new Date() } } });
      const { count } = await db.faceTemplate.createMany({ data: { tenant, userId, ...rowOf(whose, face, from) }, skipDuplicates: true });
      return count > 0;
    },

    /** Null if none is kept any more; then identity cannot be judged. */
    async find(whose: Whose): Promise<FaceEmbedding | null> {
      if (hours === 0) return null;
      const { tenant, userId } = whose;
      const row = await db.faceTemplate.findUnique({ where: { tenant_userId: { tenant, userId }, expiresAt: { gt: new Date() } } });
      if (!row) return null;
      const face = unsealBytes(row.sealed, sealOf(whose));
      if (!face) log.warn({ tenant, userId }, 'a face template cannot be read: is TOKEN_SECRET the same for all processes?');
      return face && fromBytes(face);
    },

    /** Starts the sweep that removes expired templates. */
    startSweep: () =>
      startSweep({
        everyMs: SWEEP_MS,
        log,
        failure: 'could not remove old face templates; will try again',
        async run() {
          await db.faceTemplate.deleteMany({ where: hours === 0 ? {} : { expiresAt: { lte: new Date() } } });
        },
      }),
  };
}

export type FaceTemplates = ReturnType<typeof createFaceTemplates>;

function toBytes({ dlib, faceres }: FaceEmbedding): Uint8Array {
  const values = new Float32Array(DLIB_VALUES + FACERES_VALUES);
  values.set(dlib);
  values.set(faceres, DLIB_VALUES);
  return new Uint8Array(values.buffer);
}

function fromBytes(bytes: Uint8Array): FaceEmbedding | null {
  if (bytes.length !== (DLIB_VALUES + FACERES_VALUES) * Float32Array.BYTES_PER_ELEMENT) return null;
  const values = new Float32Array(bytes.slice().buffer);
  return { dlib: values.subarray(0, DLIB_VALUES), faceres: values.subarray(DLIB_VALUES) };
}
