/** The endpoint of Google Vision. */
export interface VisionEndpoint {
  /** As in a URL: an IPv6 address has brackets. */
  host: string;
  port: number;
  /** No TLS and no credentials: a stand-in for the service on this machine. */
  insecure: boolean;
}

const THIS_MACHINE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * `host[:port]`, with or without `https://`; `http://` only for this machine, because pictures and credentials must not leave it
 * unencrypted. Null if it is neither.
 */
export function parseVisionEndpoint(text: string): VisionEndpoint | null {
  const full = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (!url?.hostname || url.username || url.password || url.pathname !== '/' || url.search || url.hash) return null;
  const insecure = url.protocol === 'http:';
  if (insecure ? !THIS_MACHINE.test(url.hostname) : url.protocol !== 'https:') return null;
  return { host: url.hostname, port: Number(url.port || (insecure ? 80 : 443)), insecure };
}
