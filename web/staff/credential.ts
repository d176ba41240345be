/** Where a school's key is kept: only as long as the tab lives. */
const KEY = 'invigil key';

function storage(name: 'localStorage' | 'sessionStorage'): Storage | null {
  try {
    return globalThis[name];
  } catch {
    // All site data is blocked: whoever reloads the page says again who they are.
    return null;
  }
}

export const keptKey = () => storage('sessionStorage')?.getItem(KEY) ?? null;
export function keepKey(key: string | null): void {
  if (key === null) storage('sessionStorage')?.removeItem(KEY);
  else storage('sessionStorage')?.setItem(KEY, key);
}

interface Session {
  token: string;
  expiresAt: string;
}

/** By the end of the link, which is part of its signature: another link of the same exam is another person. */
const nameOf = (link: string) => `invigil proctor ${link.slice(-24)}`;

/** What the bearer of a shared link acts with, after it has said who it is: asked once in a browser. */
export function keptSession(link: string): string | null {
  const kept = storage('localStorage')?.getItem(nameOf(link));
  if (!kept) return null;
  const { token, expiresAt } = JSON.parse(kept) as Session;
  return Date.parse(expiresAt) > Date.now() ? token : null;
}

export function keepSession(link: string, session: Session | null): void {
  if (session) storage('localStorage')?.setItem(nameOf(link), JSON.stringify({ token: session.token, expiresAt: session.expiresAt }));
  else storage('localStorage')?.removeItem(nameOf(link));
}
