import { ImageAnnotatorClient, type protos } from '@google-cloud/vision';
import { grpc } from 'google-gax';

/** What is asked of a picture; each is billed as one unit. */
export type Feature = 'FACE_DETECTION' | 'OBJECT_LOCALIZATION';

export interface Picture {
  /** Upright. */
  jpeg: Uint8Array;
  features: readonly Feature[];
}

export type Annotation = protos.google.cloud.vision.v1.IAnnotateImageResponse;

/** Google answers ten of each without it, and a phone may be the eleventh thing on a desk. */
const MOST_RESULTS: Record<Feature, number> = { FACE_DETECTION: 10, OBJECT_LOCALIZATION: 50 };

export interface Endpoint {
  host: string;
  port: number;
  insecure: boolean;
}

/** Google's own client of `images:annotate`, which does TLS, credentials and the wire format. */
export function openService({ host, port, insecure }: Endpoint) {
  const client = new ImageAnnotatorClient({
    apiEndpoint: host,
    port,
    // After an outage it is tried again soon; gRPC would wait up to two minutes.
    'grpc.max_reconnect_backoff_ms': 5_000,
    // The domain is given because it would be looked for in the credentials.
    ...(insecure && { sslCreds: grpc.credentials.createInsecure(), clientOptions: { universeDomain: 'googleapis.com' } }),
  });
  return {
    /** Finds and reads credentials; sends nothing to Vision. Throws where there are none. */
    async checkCredentials(): Promise<void> {
      if (!insecure) await client.auth.getClient();
    },

    /** Answers in the order of the pictures, of which there may be 16. One that could not be looked at has an `error` of its own. */
    async annotate(pictures: readonly Picture[], timeoutMs: number): Promise<Annotation[]> {
      const requests = pictures.map(({ jpeg, features }) => ({
        image: { content: jpeg },
        features: features.map((type) => ({ type, maxResults: MOST_RESULTS[type] })),
      }));
      // Without retries of the client's own: it would tell of a quota that is used up as of a deadline that has passed, and
      // each try has to be counted.
      const [{ responses }] = await client.batchAnnotateImages({ requests }, { timeout: timeoutMs, retry: null });
      return responses ?? [];
    },

    async close(): Promise<void> {
      await client.close();
    },
  };
}

export type VisionService = ReturnType<typeof openService>;
