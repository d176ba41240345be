import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Traffic {
  /** Texts of the statements. */
  statements: string[];
  /** Bytes of all answers. */
  bytes: number;
}

export interface StatementCounter {
  /** The same database, through the counter. */
  url: string;
  /** What the server's own connections executed during `run`, timers included. */
  during(run: () => Promise<unknown>): Promise<Traffic>;
  /** The minimum of several runs, because timers also send queries. */
  least(run: () => Promise<unknown>): Promise<Traffic>;
  stop(): Promise<void>;
}

const RUNS = 10;
/** The statements of the sweeps that run every second: they end the time of participants and measure outages of servers. */
const OF_CLOCK = /"(?:endsAt|closesAt)" <= now\(\)|"closesAt" \+ e\.duration|"ServerPulse"|"ServerOutage"/;

/** A proxy for PostgreSQL that counts what is really sent over the wire. */
export async function startStatementCounter(target: string): Promise<StatementCounter> {
  const { hostname, port, searchParams } = new URL(target);
  const socketDir = searchParams.get('host');
  const dial = () => (socketDir ? connect(`${socketDir}/.s.PGSQL.${port || 5432}`) : connect(Number(port || 5432), hostname));
  const sockets = new Set<Socket>();
  let traffic: Traffic = { statements: [], bytes: 0 };

  const server = createServer((near) => {
    const far = dial();
    const reader = new FrontendReader((text) => {
      if (!OF_CLOCK.test(text)) traffic.statements.push(text);
    });
    near.on('data', (chunk) => reader.push(chunk));
    far.on('data', (chunk) => {
      if (reader.counts) traffic.bytes += chunk.length;
    });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(target);
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = `${(server.address() as AddressInfo).port}`;

  async function during(run: () => Promise<unknown>): Promise<Traffic> {
    traffic = { statements: [], bytes: 0 };
    await run();
    return traffic;
  }

  return {
    url: url.href,
    during,
    async least(run) {
      const seen: Traffic[] = [];
      for (let i = 0; i < RUNS; i++) seen.push(await during(run));
      const least = Math.min(...seen.map(({ statements }) => statements.length));
      return seen.find(({ statements }) => statements.length === least) ?? traffic;
    },
    async stop() {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * Parses a client's messages in protocol 3.0: a startup packet, then messages with type, length and body.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
class FrontendReader {
  /** Whether it is a connection of the server's own pool, by its application name; the queue and the bus have others. */
  counts: boolean | undefined;
  readonly #onExecute: (text: string) => void;
  #buffer = Buffer.alloc(0);

  readonly #texts = new Map<string, string>();
  #bound = '';

  constructor(onExecute: (text: string) => void) {
    this.#onExecute = onExecute;
  }

  push(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const typed = this.counts === undefined ? 0 : 1;
      if (this.#buffer.length < typed + 4) return;
      const end = typed + this.#buffer.readInt32BE(typed);
      if (this.#buffer.length < end) return;
      const body = this.#buffer.subarray(typed + 4, end);
      if (this.counts === undefined) this.counts = body.includes('application_name\0invigil\0');
      else this.#message(String.fromCharCode(this.#buffer[0] ?? 0), body.toString('utf8').split('\0'));
      this.#buffer = this.#buffer.subarray(end);
    }
  }

  #message(type: string, [first = '', second = '']: string[]): void {
    if (type === 'P') this.#texts.set(first, second);
    if (type === 'B') this.#bound = this.#texts.get(second) ?? '';
    if (this.counts && type === 'E') this.#onExecute(this.#bound);
    if (this.counts && type === 'Q') this.#onExecute(first);
  }
}
