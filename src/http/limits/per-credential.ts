import { identityOf, type Viewer } from '../../services/access/viewer.ts';

/** Enough for the tabs of one candidate. */
const MOST_SOCKETS_OF_A_PARTICIPANT = 20;

/** Maximum of WebSockets, and separately of event streams. */
export const mostSockets = ({ role }: Viewer, ofOthers: number): number =>
  role === 'participant' ? MOST_SOCKETS_OF_A_PARTICIPANT : ofOthers;

/** Counts how many each API key, link or participant holds at a time. */
export class PerCredential {
  readonly #held = new Map<string, number>();

  /**
   * Holds one more. Returns a release function to be called once, or null if the credential is at its limit.
   * @param address tells apart those who share a credential; empty for all of them together
   */
  hold(viewer: Viewer, most: number, address = ''): (() => void) | null {
    const name = `${identityOf(viewer)} ${address}`;
    const held = this.#held.get(name) ?? 0;
    if (held >= most) return null;
    this.#held.set(name, held + 1);
    return () => {
      const left = (this.#held.get(name) ?? 1) - 1;
      if (left > 0) this.#held.set(name, left);
      else this.#held.delete(name);
    };
  }
}
