import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { grpc, GrpcClient, Status } from 'google-gax';
import sharp from 'sharp';
import { annotatePicture } from './google-vision-answers.ts';

/** The request for one picture. */
export interface AskedPicture {
  features: string[];
  jpeg: Buffer;
  width: number;
  height: number;
}

export interface AskedBatch {
  pictures: AskedPicture[];
  headers: Record<string, unknown>;
}

/** What the service does instead of answering a request: refuses it, refuses one picture of it, or delays it. */
export type Fault = { code: Status; message: string } | { picture: number; code: Status; message: string } | { delayMs: number };

export interface FakeGoogleVision {
  /** As environment variables of the server. */
  settings: Record<string, string>;
  endpoint: string;
  /** Every request received, including refused ones. */
  batches: AskedBatch[];
  /** Number of answered features of pictures, which Google would bill. */
  billed(): number;
  /** One for each of the next requests; afterwards requests succeed again. */
  faults: Fault[];
  /** For every request while it is set. */
  always: Fault | null;
  /** Resolves when this many requests have arrived in total. */
  received(count: number): Promise<void>;
  stop(): Promise<void>;
}

interface Request {
  requests: { image: { content: Buffer }; features: { type: string }[] }[];
}

type Reply = grpc.sendUnaryData<{ responses: object[] }>;

const MOST_PICTURES = 16;
const MOST_BYTES = 10 * 1024 * 1024;

/** Keys for TLS; clients must trust the certificate. */
interface Identity {
  key: Buffer;
  certificate: Buffer;
}

/**
 * A fake Google Vision that uses the real protocol: the protocol files of Google's client on a gRPC server. It enforces the
 * documented limits of `images:annotate` and answers according to the colour of a picture (see `scenes`).
 */
export async function startGoogleVision(identity?: Identity): Promise<FakeGoogleVision> {
  const batches: AskedBatch[] = [];
  const state = { faults: [] as Fault[], always: null as Fault | null };
  let billed = 0;
  let changed = () => {};

  async function answer({ request, metadata }: { request: Request; metadata: grpc.Metadata }): Promise<{ responses: object[] }> {
    const fault = state.faults.shift() ?? state.always;
    const pictures = await Promise.all(request.requests.map(readPicture));
    batches.push({ pictures, headers: metadata.getMap() });
    changed();
    refuseUnfit(pictures);
    if (fault && 'code' in fault && !('picture' in fault)) throw fault;
    const refused = fault && 'picture' in fault ? fault : null;
    if (fault && 'delayMs' in fault) await setTimeout(fault.delayMs, undefined, { ref: false });
    const responses = await Promise.all(
      pictures.map(async (picture, index) => {
        if (refused?.picture === index) return { error: { code: refused.code, message: refused.message } };
        billed += picture.features.length;
        return annotatePicture(picture);
      }),
    );
    return { responses };
  }

  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(await visionService(), {
    batchAnnotateImages(call: grpc.ServerUnaryCall<Request, unknown>, reply: Reply) {
      answer(call).then(
        (answered) => reply(null, answered),
        (error: Partial<grpc.StatusObject>) => reply(Object.assign(new Error(error.details ?? ''), { code: Status.INTERNAL, ...error })),
      );
    },
  });
  const credentials = identity
    ? grpc.ServerCredentials.createSsl(null, [{ private_key: identity.key, cert_chain: identity.certificate }])
    : grpc.ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const endpoint = identity ? `localhost:${port}` : `http://127.0.0.1:${port}`;
  return Object.assign(state, {
    endpoint,
    settings: { VISION_PROVIDER: 'google', GOOGLE_VISION_ENDPOINT: endpoint },
    batches,
    billed: () => billed,
    async received(count: number) {
      while (batches.length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    async stop() {
      server.forceShutdown();
    },
  });
}

/** The service definition from the client's own protocol files. */
async function visionService(): Promise<grpc.ServiceDefinition> {
  const file = createRequire(import.meta.url).resolve('@google-cloud/vision/build/protos/protos.json');
  const protocol = new GrpcClient().loadProtoJSON(JSON.parse(await readFile(file, 'utf8')) as object) as unknown as {
    google: { cloud: { vision: { v1: { ImageAnnotator: grpc.ServiceClientConstructor } } } };
  };
  return protocol.google.cloud.vision.v1.ImageAnnotator.service;
}

async function readPicture({ image, features }: Request['requests'][number]): Promise<AskedPicture> {
  const { format, width, height, channels } = await sharp(image.content).metadata();
  if (format !== 'jpeg' || channels !== 3) throw refusal('Bad image data.');
  return { jpeg: image.content, width, height, features: features.map(({ type }) => type) };
}

function refuseUnfit(pictures: readonly AskedPicture[]): void {
  if (pictures.length > MOST_PICTURES) throw refusal('Too many images per request');
  if (pictures.reduce((bytes, { jpeg }) => bytes + jpeg.length, 0) > MOST_BYTES) throw refusal('Request payload size exceeds the limit');
  if (pictures.some(({ features }) => features.length === 0)) throw refusal('No features are specified');
}

const refusal = (message: string) => ({ code: Status.INVALID_ARGUMENT, message });
