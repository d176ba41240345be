import type { PulseFeed } from '../resolvers/pulse.ts';
import type { ExamPulse } from '../services/pulse/pulses.ts';
import { Batch } from './frames.ts';
import { Member } from './member.ts';
import type { Outlet } from './outlet.ts';

interface Terms {
  feed: PulseFeed;
  /** The shared part of a pulse's message. */
  render(pulse: ExamPulse): string | Promise<string>;
  onClose(): void;
}

/** Subscribers to the pulse of an exam who get the same messages: one execution and one serialisation per pulse. Nothing is replayed. */
export class PulseGroup {
  readonly #terms: Terms;
  readonly #members = new Set<Member>();
  readonly #pulses: AsyncIterableIterator<ExamPulse>;
  #latest: Batch | undefined;
  #closed = false;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#pulses = terms.feed[Symbol.asyncIterator]();
    void this.#follow();
  }

  join(id: string, outlet: Outlet): Member {
    const member = new Member(this, { id, position: 0, outlet });
    this.#members.add(member);
    return member;
  }

  start(member: Member): void {
    member.state = 'live';
    // An old one does not say what is true now: the next one comes at once.
    if (this.#latest && !this.#terms.feed.renew()) this.#send(member, this.#latest);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#close();
  }

  async #follow(): Promise<void> {
    try {
      for await (const pulse of this.#pulses) {
        this.#latest = undefined;
        const tail = await this.#terms.render(pulse);
        if (this.#closed) return;
        const batch = new Batch([tail]);
        this.#latest = batch;
        for (const member of this.#members) if (member.state === 'live') this.#send(member, batch);
      }
      this.#close((member) => member.end());
    } catch (error) {
      this.#close((member) => member.fail(error));
    }
  }

  /** A client that has not read what it was sent before misses this one, and is cut off if it goes on (`Outlet.stalledSince`). */
  #send(member: Member, batch: Batch): void {
    const { outlet, prefix } = member;
    if (outlet.isClosed) member.end();
    else if (outlet.isCongested) void outlet.drained();
    else outlet.send(batch.for(prefix));
  }

  #close(dismiss?: (member: Member) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#terms.onClose();
    void this.#pulses.return?.();
    if (dismiss) for (const member of this.#members) dismiss(member);
  }
}
