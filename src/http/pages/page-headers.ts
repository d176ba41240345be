import type { OutgoingHttpHeaders } from 'node:http';

const allow = (features: readonly string[], isAllowed: boolean) => features.map((name) => `${name}=(${isAllowed ? 'self' : ''})`);

/** A room records a candidate; staff watch. */
export type PageKind = 'room' | 'staff';

export interface PageSources {
  /** Origin of a bucket to which downloads are redirected; null if the server sends them itself. */
  bucket: string | null;
  /** Whether the page itself comes by http, so that it may show an exam that does. */
  isHttp: boolean;
}

/** A room needs these; the exam that it shows gets none of them. */
const OF_ROOM = ['camera', 'microphone', 'display-capture', 'screen-wake-lock', 'window-management'];
/** For videos. */
const OF_ALL = ['fullscreen', 'picture-in-picture'];
/** No page needs these, and an exam must not ask for them in our name. */
const OF_NOBODY = [
  ...['accelerometer', 'geolocation', 'gyroscope', 'hid', 'idle-detection', 'local-fonts', 'magnetometer', 'midi', 'payment'],
  ...['serial', 'usb', 'xr-spatial-tracking'],
];

/**
 * The headers of a page that is only itself: scripts, styles and workers from this server, nothing inline, nothing by a string; and, in a
 * room, frames in which an exam may be shown.
 */
export function pageHeaders(kind: PageKind, { bucket, isHttp }: PageSources): OutgoingHttpHeaders {
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
    `frame-src ${kind === 'staff' ? "'none'" : isHttp ? 'https: http:' : 'https:'}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types invigil',
  ];
  return {
    'content-security-policy': policy.join('; '),
    'permissions-policy': [...allow(OF_ROOM, kind === 'room'), ...allow(OF_ALL, true), ...allow(OF_NOBODY, false)].join(', '),
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex',
  };
}
