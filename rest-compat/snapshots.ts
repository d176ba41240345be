import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { invalidField } from '../src/errors.ts';
import { readMultipart } from '../src/http/bodies/multipart.ts';
import { readSmallBody } from '../src/http/bodies/raw-body.ts';
import { readLatestSnapshot } from '../src/resolvers/latest-snapshots.ts';
import {
  type Admitted,
  MAX_SNAPSHOT_BYTES,
  prepareSnapshot,
  requireSnapshots,
  takeSnapshot,
  takeSpooledSnapshot,
} from '../src/resolvers/snapshots.ts';
import { snapshotInput } from '../src/services/snapshots/input.ts';
import { file } from './answers/parts.ts';
import * as answers from './answers/recordings.ts';
import { FORM, isMultipart } from './bodies.ts';
import { ofExam, ofParticipantId, signed, taken } from './params.ts';
import { type Body, type Call, get, post, type Route } from './route.ts';

const MAX_FIELD_BYTES = 4_096;
const MAX_FIELDS = 8;

type SnapshotCall = Call<z.output<typeof ofExam>, z.output<typeof taken>>;

interface Received extends Body<'image'> {
  admitted: Admitted;
  /** Null if the image came as a part of a form. */
  image: Buffer | null;
}

/** The fields that identify a snapshot, equal when it is sent again with the same idempotency key. */
const fieldsOf = ({ participant: { userId }, takenAt }: Admitted, image: Buffer | null) => ({
  userId,
  takenAt,
  sha256: image && createHash('sha256').update(image).digest('hex'),
});

async function readForm({ req, scope, ctx, path: { examId } }: SnapshotCall): Promise<Received> {
  const { fields, files } = await readMultipart(req, {
    scope,
    files: { image: { maxBytes: MAX_SNAPSHOT_BYTES } },
    textFields: ['userId', 'takenAt'],
    maxFieldBytes: MAX_FIELD_BYTES,
    maxFields: MAX_FIELDS,
  });
  const { userId, takenAt } = fields;
  const admitted = await prepareSnapshot(ctx, examId, { userId, takenAt });
  return { fields: fieldsOf(admitted, null), files, admitted, image: null };
}

/** Not in the documented API: snapshots of a participant's camera while the exam runs, and the newest one for consoles. */
export const snapshotRoutes: Route[] = [
  post({
    path: '/exams/:examId/snapshots',
    summary: 'Sends a picture of the camera, at most one per second.',
    params: ofExam,
    query: taken,
    body: snapshotInput,
    accepts: ['image/jpeg', ...FORM],
    files: { image: { description: 'The picture, JPEG.', mediaTypes: ['image/jpeg'], required: true } },
    answer: answers.snapshot,
    admit: ({ ctx, path: { examId } }) => requireSnapshots(ctx, examId),
    async read(call): Promise<Received> {
      const { req, ctx, path, query } = call;
      if (isMultipart(req)) return readForm(call);
      // Before the body: it is not read if the caller may not send it now.
      const admitted = await prepareSnapshot(ctx, path.examId, query);
      const image = await readSmallBody(req, { maxBytes: MAX_SNAPSHOT_BYTES });
      return { fields: fieldsOf(admitted, image), files: {}, admitted, image };
    },
    async run({ ctx }, _fields, { admitted, image, files }) {
      if (image) return takeSnapshot(ctx, admitted, image, 'body');
      if (!files.image) throw invalidField('image', 'is required');
      return takeSpooledSnapshot(ctx, admitted, files.image);
    },
    present: (_call, taken) => taken,
  }),
  get({
    path: '/participants/:participantId/snapshot',
    summary: 'Sends the newest picture of a participant, small, for staff of the exam.',
    params: ofParticipantId,
    query: signed,
    answer: file,
    open: true,
    async run({ ctx, res, path: { participantId }, query: { sig } }) {
      const image = await readLatestSnapshot(ctx, participantId, sig);
      const headers = { 'content-type': 'image/jpeg', 'content-length': image.length, 'cache-control': 'private, no-store' };
      res.writeHead(200, headers).end(image);
    },
  }),
];
