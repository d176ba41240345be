import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FreezableProxy {
  /** The target's URL through the proxy. */
  url: string;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Keeps connections open and new ones waiting, but forwards nothing. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** A proxy for a server that the test may not stop. @param wished port; any free one without it */
export async function startFreezableProxy(target: string, wished = 0): Promise<FreezableProxy> {
  const { hostname, port, searchParams } = new URL(target);
  const socketDir = searchParams.get('host');
  const dial = () => (socketDir ? connect(`${socketDir}/.s.PGSQL.${port || 5432}`) : connect(Number(port || 5432), hostname));
  const pairs = new Set<[Socket, Socket]>();
  let frozen = false;

  const server = createServer((near) => {
    const far = dial();
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of pair) {
      if (frozen) socket.pause();
      socket.on('error', () => {});
      socket.once('close', () => {
        pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    if (frozen) hold(pair);
  });
  const hold = ([near, far]: [Socket, Socket]) => {
    near.unpipe(far);
    far.unpipe(near);
    near.pause();
    far.pause();
  };
  const listen = (at: number) =>
    new Promise<void>((resolve) => {
      server.listen(at, '127.0.0.1', resolve);
    });
  await listen(wished);
  const { port: own } = server.address() as AddressInfo;
  const url = new URL(target);
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = `${own}`;

  async function cut(): Promise<void> {
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    await closed;
  }
  return {
    url: url.href,
    cut,
    restore: () => listen(own),
    freeze() {
      frozen = true;
      for (const pair of pairs) hold(pair);
    },
    thaw() {
      frozen = false;
      for (const [near, far] of pairs) near.pipe(far).pipe(near);
    },
    stop: cut,
  };
}
