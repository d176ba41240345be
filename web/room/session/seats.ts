/** What this browser knows of a seat: with it a page that was reloaded, or whose browser died, goes on where it was. */
export interface KnownSeat {
  examId: string;
  userId: string;
  token: string;
  /** Of the token, ISO 8601. */
  expiresAt: string;
}

/** Two people may use one browser, one after the other: a seat belongs to its link. */
const keyOf = (examId: string, link: string | null) => `invigil seat ${examId} ${link?.slice(-24) ?? ''}`;

/** Null where the browser keeps nothing, as with all site data blocked: the page works, and a reload needs a proctor. */
function store(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function parse(text: string | null): KnownSeat | null {
  try {
    return text ? (JSON.parse(text) as KnownSeat) : null;
  } catch {
    return null;
  }
}

/** @param link null if the page was opened without one: then the exam's only seat in this browser is meant */
export function findSeat(examId: string, link: string | null): KnownSeat | null {
  const kept = store();
  if (!kept) return null;
  if (link !== null) return parse(kept.getItem(keyOf(examId, link)));
  const keys = Object.keys(kept).filter((key) => key.startsWith(`invigil seat ${examId} `));
  return keys.length === 1 ? parse(kept.getItem(keys[0] ?? '')) : null;
}

/** @returns false if the browser keeps nothing */
export function keepSeat(link: string | null, seat: KnownSeat): boolean {
  try {
    store()?.setItem(keyOf(seat.examId, link), JSON.stringify(seat));
    return store() !== null;
  } catch {
    return false;
  }
}

export function forgetSeat(examId: string, link: string | null): void {
  store()?.removeItem(keyOf(examId, link));
}
