import { ImageAnnotatorClient, type protos } from '@google-cloud/vision';
import { grpc } from 'google-gax';

/** A feature requested for a picture; each is billed as one unit. */
export type Feature = 'FACE_DETECTION' | 'OBJECT_LOCALIZATION';

export interface Picture {
  /** Upright. */
  jpeg: Uint8Array;
  features: readonly Feature[];
}

export type Annotation = protos.google.cloud.vision.v1.IAnnotateImageResponse;

/** Google's default is ten of each, and a phone may be the eleventh object on a desk. */
const MOST_RESULTS: Record<Feature, number> = { FACE_DETECTION: 10, OBJECT_LOCALIZATION: 50 };

export interface Endpoint {
  host: string;
  port: number;
  insecure: boolean;
}

/** Google's own client for `images:annotate`, which handles TLS, credentials and the wire format. */
export function openService({ host, port, insecure }: Endpoint) {
  const client = new ImageAnnotatorClient({
    apiEndpoint: host,
    port,
    // Reconnect soon after an outage; by default gRPC would wait up to two minutes.
    'grpc.max_reconnect_backoff_ms': 5_000,
    // The domain is set because otherwise it would be read from the credentials.
    ...(insecure && { sslCreds: grpc.credentials.createInsecure(), clientOptions: { universeDomain: 'googleapis.com' } }),
  });
  return {
    /** Finds and reads credentials, without sending anything to Vision. Throws if there are none. */
    async checkCredentials(): Promise<void> {
      if (!insecure) await client.auth.getClient();
    },

    /** Returns answers in the order of the pictures, at most 16. A picture that could not be analysed has its own `error`. */
    async annotate(pictures: readonly Picture[], timeoutMs: number): Promise<Annotation[]> {
      const requests = pictures.map(({ jpeg, features }) => ({
        image: { content: jpeg },
        features: features.map((type) => ({ type, maxResults: MOST_RESULTS[type] })),
      }));
      // Without the client's own retries: it would report a used-up quota as an exceeded deadline, and each attempt has to be
      // counted.
      const [{ responses }] = await client.batchAnnotateImages({ requests }, { timeout: timeoutMs, retry: null });
      return responses ?? [];
    },

    async close(): Promise<void> {
      await client.close();
    },
  };
}

export type VisionService = ReturnType<typeof openService>;
