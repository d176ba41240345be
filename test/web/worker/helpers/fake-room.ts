import { createHash } from 'node:crypto';

/** What the server was asked for, as `PUT webcam 3`. */
type Request = string;

interface Recording {
  id: string;
  type: string;
  chunks: Map<number, string>;
  expected: number | null;
  /** By whoever did not say how many there are. */
  isEnded: boolean;
}

/** How a request fails: with an answer, without one, or with the answer lost after it was done. */
export type Fault = { status: number; code: string; field?: string; retryAfter?: number } | 'no answer' | 'answer lost';

/**
 * The server's part that the worker needs, in this process and by its rules, to fail at will. Tests with the real one are beside.
 * It takes the place of `fetch`.
 */
export function createFakeRoom() {
  const recordings: Recording[] = [];
  const requests: Request[] = [];
  const answers = new Set<Response>();
  const signals: { clientEventId: string; type: string; details: string }[] = [];
  const submissions: { key: string; stats: unknown }[] = [];
  const started = new Map<string, Recording>();
  let fault: (request: Request) => Fault | null = () => null;
  let gate: Promise<void> = Promise.resolve();
  let isHeld: (request: Request) => boolean = () => true;
  let mostAtOnce = 0;
  let running = 0;

  const answer = (body: object, status = 200, headers: Record<string, string> = {}) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
  const refuse = (status: number, code: string, field?: string, retryAfter?: number) =>
    answer(
      { error: { code, message: `refused: ${code}`, details: field ? [{ field, issue: 'is wrong' }] : [] } },
      status,
      retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` },
    );
  const isAll = ({ expected, chunks }: Recording) => expected !== null && chunks.size === expected;
  const isClosed = (recording: Recording) => recording.isEnded || isAll(recording);
  const show = (recording: Recording) => {
    const next = Math.max(-1, ...recording.chunks.keys()) + 1;
    return answer({
      id: recording.id,
      ...((recording.chunks.size > 0 || recording.expected !== null) && { complete: isAll(recording) }),
      ...(!isClosed(recording) && { nextChunk: next }),
    });
  };

  async function serve(method: string, url: URL, init: RequestInit): Promise<[Request, () => Response | Promise<Response>]> {
    const [, , , id = '', what, index = ''] = url.pathname.split('/');
    const json = () => JSON.parse(init.body as string) as { warnings: typeof signals; stats: object; type: string; chunks?: number };
    const headers = new Headers(init.headers);
    if (url.pathname === '/graphql')
      return [
        'BEAT',
        () =>
          answer({
            data: {
              heartbeat: {
                ...{ status: 'ACTIVE', endsAt: null, remainingSeconds: 60, handRaised: false, renewedToken: null },
                serverTime: new Date().toISOString(),
              },
            },
          }),
      ];
    if (url.pathname.endsWith('/warnings'))
      return [
        'SIGNALS',
        () => {
          const { warnings } = json();
          if (warnings.some(({ type }) => type === 'refused')) return refuse(400, 'invalid_request', 'warnings');
          for (const warning of warnings)
            if (!signals.some(({ clientEventId }) => clientEventId === warning.clientEventId)) signals.push(warning);
          return answer({ warnings });
        },
      ];
    if (url.pathname.endsWith('/snapshots')) return ['SNAPSHOT', () => answer({ analysed: true })];
    if (url.pathname.endsWith('/submit'))
      return [
        'SUBMIT',
        () => {
          const key = headers.get('idempotency-key') ?? '';
          if (submissions.some((known) => known.key !== key)) return refuse(400, 'conflict', 'userId');
          if (submissions.length === 0) submissions.push({ key, stats: json().stats });
          return answer({ id: 'sub_1' });
        },
      ];
    if (url.pathname === '/api/recordings/live') {
      const { type } = json();
      return [
        `START ${type}`,
        () => {
          const key = headers.get('idempotency-key') ?? '';
          const known = started.get(key);
          if (!known && submissions.length > 0) return refuse(400, 'conflict');
          const recording = known ?? { id: `rec_${recordings.length}`, type, chunks: new Map(), expected: null, isEnded: false };
          if (!known) recordings.push(recording);
          started.set(key, recording);
          return show(recording);
        },
      ];
    }
    const recording = recordings.find((one) => one.id === id);
    if (!recording) return [`UNKNOWN ${id}`, () => refuse(404, 'not_found')];
    if (what === 'finish')
      return [
        `FINISH ${recording.type}`,
        () => {
          const { chunks } = json();
          if (chunks === undefined) recording.isEnded = true;
          if (chunks === undefined || recording.isEnded) return show(recording);
          if (recording.expected !== null && recording.expected !== chunks) return refuse(400, 'conflict', 'chunks');
          if (chunks <= Math.max(-1, ...recording.chunks.keys())) return refuse(400, 'invalid_request', 'chunks');
          recording.expected = chunks;
          return show(recording);
        },
      ];
    if (what !== 'chunks') return [`ASK ${recording.type}`, () => show(recording)];
    const bytes = Buffer.from(init.body as ArrayBuffer);
    return [
      `PUT ${recording.type} ${index}`,
      () => {
        const at = Number(index);
        const content = bytes.toString();
        const known = recording.chunks.get(at);
        if (isClosed(recording)) return refuse(400, 'conflict', 'recordingId');
        if (known !== undefined && known !== content) return refuse(400, 'conflict', 'index');
        recording.chunks.set(at, content);
        return answer({ index: at, sha256: createHash('sha256').update(bytes).digest('hex') });
      },
    ];
  }

  async function fetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
    const url = new URL(input);
    const [request, act] = await serve(init.method ?? 'GET', url, init);
    requests.push(request);
    running += 1;
    if (request.startsWith('PUT')) mostAtOnce = Math.max(mostAtOnce, running);
    if (isHeld(request)) await gate;
    running -= 1;
    const failure = fault(request);
    if (failure === 'no answer') throw new TypeError('fetch failed');
    if (failure === 'answer lost') {
      await act();
      throw new TypeError('fetch failed');
    }
    const response = failure ? refuse(failure.status, failure.code, failure.field, failure.retryAfter) : await act();
    answers.add(response);
    return response;
  }

  return {
    fetch,
    recordings,
    requests,
    signals,
    submissions,
    /** The content of all chunks of a kind in their order; a hole is null. */
    stored(type: string): (string | null)[] {
      return recordings
        .filter((recording) => recording.type === type)
        .flatMap(({ chunks }) => Array.from({ length: Math.max(-1, ...chunks.keys()) + 1 }, (_, index) => chunks.get(index) ?? null));
    },
    /** Fails requests from now on. */
    fail(by: (request: Request) => Fault | null): void {
      fault = by;
    },
    /** Lets requests arrive, and answers none (of these) until the returned function is called. */
    hold(which: (request: Request) => boolean = () => true): () => void {
      isHeld = which;
      let open = () => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
    /** Answers whose body was left unread: a browser keeps each of them for as long as the worker lives. */
    unread: () => [...answers].filter(({ bodyUsed }) => !bodyUsed).length,
    /** Uploads at the same time. */
    mostAtOnce: () => mostAtOnce,
  };
}

export type FakeRoom = ReturnType<typeof createFakeRoom>;
