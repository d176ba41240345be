/** What this browser knows of a seat: with it a page that was reloaded, or whose browser died, goes on where it was. */
export interface KnownSeat {
  userId: string;
  token: string;
  /** Of the token, ISO 8601. */
  expiresAt: string;
  /** The candidate has handed in, and the server may not know yet. */
  isHandingIn?: boolean;
  /** It was taken with a link that names nobody: whoever opens that here next may be another person. */
  isShared?: boolean;
}

/** Null where the browser keeps nothing, as with all site data blocked: the page works, and a reload needs a proctor. */
function store(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function parse(text: string | null | undefined): KnownSeat | null {
  try {
    return text ? (JSON.parse(text) as KnownSeat) : null;
  } catch {
    return null;
  }
}

/**
 * The seat of one link in this browser, which two people may use one after the other.
 * @param link null if the page was opened without one: then the exam's only seat in this browser is meant
 */
export function createSeats(examId: string, link: string | null) {
  const prefix = `invigil seat ${examId} `;
  const ownKey = link === null ? null : prefix + link.slice(-24);

  function key(): string | null {
    if (ownKey !== null) return ownKey;
    const keys = Object.keys(store() ?? {}).filter((name) => name.startsWith(prefix));
    return keys.length === 1 ? (keys[0] ?? null) : null;
  }

  function find(): KnownSeat | null {
    const name = key();
    return name === null ? null : parse(store()?.getItem(name));
  }

  function keep(seat: KnownSeat): void {
    try {
      store()?.setItem(key() ?? prefix, JSON.stringify(seat));
    } catch {
      // Full, or not permitted: a reload will need a proctor.
    }
  }

  return {
    find,
    keep: (seat: KnownSeat) => keep({ ...find(), ...seat }),
    /** The next one who opens the link here is asked who that is. */
    forget(): void {
      const name = key();
      if (name !== null) store()?.removeItem(name);
    },
    isHandingIn: () => find()?.isHandingIn === true,
    setHandingIn(isHandingIn: boolean): void {
      const seat = find();
      if (seat && seat.isHandingIn !== isHandingIn) keep({ ...seat, isHandingIn });
    },
  };
}
