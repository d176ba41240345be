import type { OutgoingHttpHeaders } from 'node:http';

export interface PageSources {
  /** Origin of a bucket to which downloads are redirected; null if the server sends them itself. */
  bucket: string | null;
  /** Whether the page itself comes by http, so that it may show an exam that does. */
  isHttp: boolean;
}

/** A room needs these; the exam that it shows gets none of them. */
const OWN = ['camera', 'microphone', 'display-capture', 'fullscreen', 'screen-wake-lock', 'window-management', 'picture-in-picture'];
/** Nothing here needs these, and an exam must not ask for them in our name. */
const OFF = [
  ...['accelerometer', 'geolocation', 'gyroscope', 'hid', 'idle-detection', 'local-fonts', 'magnetometer', 'midi', 'payment'],
  ...['serial', 'usb', 'xr-spatial-tracking'],
];

/**
 * The headers of a page that is only itself: scripts, styles and workers from this server, nothing inline, nothing by a string; and
 * frames, in which an exam may be shown.
 */
export function pageHeaders({ bucket, isHttp }: PageSources): OutgoingHttpHeaders {
  const media = ["'self'", 'blob:', ...(bucket ? [bucket] : [])].join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${media}`,
    `media-src ${media}`,
    "connect-src 'self'",
    "worker-src 'self'",
    "font-src 'self'",
    `frame-src https:${isHttp ? ' http:' : ''}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types invigil',
  ];
  return {
    'content-security-policy': policy.join('; '),
    'permissions-policy': [...OWN.map((name) => `${name}=(self)`), ...OFF.map((name) => `${name}=()`)].join(', '),
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
  };
}
