import { createHash } from 'node:crypto';
import { invalidField } from '../src/errors.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { readSmallBody } from '../src/http/bodies/raw-body.ts';
import {
  type Admitted,
  MAX_SNAPSHOT_BYTES,
  prepareSnapshot,
  requireSnapshots,
  takeSnapshot,
  takeSpooledSnapshot,
} from '../src/resolvers/snapshots.ts';
import { isMultipart } from './bodies.ts';
import type { Body, Call, Route } from './router.ts';

const MAX_FIELD_BYTES = 4_096;
const MAX_FIELDS = 8;

interface Snapshot {
  admitted: Admitted;
  /** Null where it came as a part of a form. */
  image: Buffer | null;
  /** What is the same when it is sent again under its idempotency key. */
  toJSON(): unknown;
}

const snapshot = (admitted: Admitted, image: Buffer | null): Snapshot => ({
  admitted,
  image,
  toJSON: () => ({
    userId: admitted.participant.userId,
    takenAt: admitted.takenAt,
    sha256: image && createHash('sha256').update(image).digest('hex'),
  }),
});

async function readForm({ req, scope, ctx, params: { examId = '' } }: Call): Promise<Body> {
  const { fields, files } = await readMultipart(req, {
    scope,
    files: { image: { maxBytes: MAX_SNAPSHOT_BYTES } },
    maxFieldBytes: MAX_FIELD_BYTES,
    maxFields: MAX_FIELDS,
  });
  const { userId, takenAt } = fields;
  return { body: snapshot(await prepareSnapshot(ctx, examId, { userId, takenAt }), null), files };
}

/** Beyond the document: what a participant's camera shows while the exam runs. */
export const snapshotRoutes: Route[] = [
  {
    method: 'POST',
    path: '/exams/:examId/snapshots',
    admit: ({ ctx, params: { examId = '' } }) => requireSnapshots(ctx, examId),
    async read(call) {
      const { req, ctx, params, query } = call;
      if (isMultipart(req)) return readForm(call);
      const input = { userId: query.get('userId'), takenAt: query.get('takenAt') };
      // Before the body, which is not read of who may not send it now.
      const admitted = await prepareSnapshot(ctx, params['examId'] ?? '', input);
      return { body: snapshot(admitted, await readSmallBody(req, { maxBytes: MAX_SNAPSHOT_BYTES })), files: {} };
    },
    async run({ ctx }, { body, files }) {
      const { admitted, image } = body as Snapshot;
      if (image) return takeSnapshot(ctx, admitted, image, 'body');
      if (!files['image']) throw invalidField('image', 'is required');
      return takeSpooledSnapshot(ctx, admitted, files['image']);
    },
  },
];
