export interface RedisAddress {
  /** One server, or any nodes of a cluster, from which the others are found. */
  hosts: { host: string; port: number }[];
  cluster: boolean;
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  /** Number of the logical database; a cluster has only 0. */
  db: number;
}

const DEFAULT_PORT = 6379;
const FORM = /^redis(?<tls>s?)(?<cluster>\+cluster)?:\/\/(?:(?<credentials>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<db>\d*))?$/;

/**
 * `redis[s]://[user][:password@]host[:port][/db]`, the form registered with IANA, and for a cluster
 * `redis[s]+cluster://[user][:password@]host[:port][,host[:port]…]`. Null if it is neither.
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  const { tls, cluster, credentials = '', hosts = '', db } = FORM.exec(url)?.groups ?? {};
  if (tls === undefined) return null;
  try {
    const parsed: RedisAddress = {
      hosts: hosts.split(',').map(parseHost),
      cluster: cluster !== undefined,
      tls: tls === 's',
      ...parseCredentials(credentials),
      db: Number(db ?? 0),
    };
    const possible = parsed.cluster ? parsed.db === 0 : parsed.hosts.length === 1;
    return possible ? parsed : null;
  } catch {
    return null;
  }
}

/** A description for messages, without credentials. */
export const describeRedis = ({ hosts }: RedisAddress): string => hosts.map(({ host, port }) => `${host}:${port}`).join(', ');

function parseHost(text: string): { host: string; port: number } {
  const { hostname, port } = new URL(`redis://${text}`);
  if (!hostname) throw new TypeError('no host');
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : DEFAULT_PORT };
}

/** A password without a user belongs to the default user. */
function parseCredentials(text: string): Pick<RedisAddress, 'username' | 'password'> {
  const [username = '', ...password] = text.split(':').map((part) => decodeURIComponent(part));
  return { username: username || undefined, password: password.join(':') || undefined };
}
