import type { TypedDocumentString } from '../generated/graphql.ts';

/** Longer than any answer should take on a poor line; uploads have their own. */
const ASK_MS = 30_000;

interface Fault {
  field: string;
  issue: string;
}

/** The server's refusal, in words for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `not_found`, `conflict`, `forbidden`, `unauthorized`, `invalid_request`, `rate_limited` and so on, as in REST. */
  readonly code: string;
  readonly details: readonly Fault[];
  /** Milliseconds after which it may be tried again; null if the server did not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, code: string, details: readonly Fault[] = [], retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came: there is no network, the server restarts, or a proxy answered in its place. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

export interface RestOptions {
  method?: 'GET' | 'POST' | 'PUT';
  /** A plain object is sent as JSON. */
  body?: object;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** For what must still be sent while the page goes away; at most 64 KB. */
  keepalive?: boolean;
  signal?: AbortSignal;
}

export interface Api {
  /** @throws ApiError, NetworkError */
  graphql<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
    options?: Pick<RestOptions, 'timeoutMs'>,
  ): Promise<Result>;
  /** An answer with a status below 400, all of which has come. @param path below `/api` @throws ApiError, NetworkError */
  rest(path: string, options?: RestOptions): Promise<Response>;
}

interface Options {
  /** The server's address with a slash at the end; may have a path, behind a proxy that adds one. */
  root: URL;
  token(): string | null;
}

/** A proxy's own pages, and a server that starts or stops, come back. */
const isPassing = (status: number) => status === 502 || status === 503 || status === 504;

const isRaw = (body: object): body is Blob | FormData | ArrayBuffer | Uint8Array<ArrayBuffer> =>
  body instanceof Blob || body instanceof FormData || body instanceof ArrayBuffer || ArrayBuffer.isView(body);

/**
 * The answer with its whole body. Chromium keeps the pipe of a body that nobody reads, 2 MB of addresses and some 50 kB, until it
 * collects the answer, and a worker that makes little garbage hardly ever does: half an hour of small chunks left hundreds.
 */
async function received(response: Response): Promise<Response> {
  if (!response.body) return response;
  const { status, statusText, headers } = response;
  return new Response(await response.arrayBuffer(), { status, statusText, headers });
}

interface Envelope {
  error?: { code?: string; message?: string; details?: Fault[] };
}
interface GraphqlAnswer {
  data?: unknown;
  errors?: { message: string; extensions?: { code?: string; details?: Fault[] } }[];
}

export function createApi({ root, token }: Options): Api {
  async function send(url: URL, { method = 'GET', body, headers, timeoutMs = ASK_MS, keepalive = false, signal }: RestOptions) {
    const credential = token();
    const limit = AbortSignal.timeout(timeoutMs);
    const json = body && !isRaw(body);
    try {
      const response = await fetch(url, {
        method,
        keepalive,
        cache: 'no-store',
        credentials: 'omit',
        headers: {
          ...(credential && { authorization: `Bearer ${credential}` }),
          ...(json && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: json ? JSON.stringify(body) : (body as BodyInit) }),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      return await received(response);
    } catch (error) {
      signal?.throwIfAborted();
      throw new NetworkError('The server cannot be reached', { cause: error });
    }
  }

  async function readJson<Answer>(response: Response): Promise<Answer | null> {
    try {
      return (await response.json()) as Answer;
    } catch {
      return null;
    }
  }

  const waitOf = ({ headers }: Response) => {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    return Number.isFinite(seconds) ? seconds * 1_000 : null;
  };

  return {
    async graphql(document, variables, options = {}) {
      const response = await send(new URL('graphql', root), {
        ...options,
        method: 'POST',
        headers: { accept: 'application/json' },
        body: { query: document.toString(), variables },
      });
      if (isPassing(response.status)) throw new NetworkError(`The server answered ${response.status}`);
      const answer = await readJson<GraphqlAnswer>(response);
      const error = answer?.errors?.[0];
      if (error) {
        const { code = 'INTERNAL', details = [] } = error.extensions ?? {};
        throw new ApiError(error.message, code.toLowerCase(), details, waitOf(response));
      }
      if (!answer?.data) throw new NetworkError(`The server answered ${response.status} without data`);
      return answer.data as never;
    },

    async rest(path, options = {}) {
      const response = await send(new URL(`api${path}`, root), options);
      if (response.status < 400) return response;
      if (isPassing(response.status)) throw new NetworkError(`The server answered ${response.status}`);
      const { error } = (await readJson<Envelope>(response)) ?? {};
      if (!error) throw new NetworkError(`The server answered ${response.status}`);
      throw new ApiError(error.message ?? '', error.code ?? 'internal', error.details ?? [], waitOf(response));
    },
  };
}
