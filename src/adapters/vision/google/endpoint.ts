/** Where Google Vision is reached. */
export interface VisionEndpoint {
  /** As in a URL: an IPv6 address has its brackets. */
  host: string;
  port: number;
  /** No TLS and no credentials: something on this machine that stands in for the service. */
  insecure: boolean;
}

const THIS_MACHINE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * `host[:port]`, with or without `https://`; `http://` of this machine alone, because pictures and credentials must not
 * leave it unencrypted. Null where it is neither.
 */
export function parseVisionEndpoint(text: string): VisionEndpoint | null {
  const full = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (!url?.hostname || url.username || url.password || url.pathname !== '/' || url.search || url.hash) return null;
  const insecure = url.protocol === 'http:';
  if (insecure ? !THIS_MACHINE.test(url.hostname) : url.protocol !== 'https:') return null;
  return { host: url.hostname, port: Number(url.port || (insecure ? 80 : 443)), insecure };
}
