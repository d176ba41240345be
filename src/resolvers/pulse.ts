import type { Context } from '../context.ts';
import type { ExamPulse, Pulses } from '../services/pulse/pulses.ts';
import { requireStaffOf } from './policy.ts';

/**
 * The pulses of an exam that one subscriber may see. They are the same for all staff of the exam, so code that serves many equal
 * subscribers opens one for all of them.
 */
export class PulseFeed implements AsyncIterable<ExamPulse> {
  readonly examId: string;
  readonly #pulses: Pulses;

  constructor(examId: string, pulses: Pulses) {
    this.examId = examId;
    this.#pulses = pulses;
  }

  /** Has the next one read at once if the newest is old. @returns whether it was */
  renew(): boolean {
    return this.#pulses.renew(this.examId);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ExamPulse> {
    return this.#pulses.watch(this.examId);
  }
}

export async function watchPulse(ctx: Context, examId: string): Promise<PulseFeed> {
  const { id } = await requireStaffOf(ctx, examId);
  return new PulseFeed(id, ctx.services.pulses);
}
