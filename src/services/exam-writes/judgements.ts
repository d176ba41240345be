import type { Contest, Verdict, Warning } from '../../generated/prisma/client.ts';

/** What people decided, as a transaction found it. */
export interface FoundJudgements {
  /** Of participants who are judged, oldest first. */
  verdicts: readonly Verdict[];
  contests: readonly Contest[];
  /** Warnings to be reviewed. */
  reviewed: readonly Warning[];
}

/** What people decided and decide, within the transaction of `ExamState`. */
export class Judgements {
  readonly newVerdicts: Verdict[] = [];
  readonly #verdicts: Verdict[];
  readonly #contests: Map<string, Contest>;
  readonly #warnings: Map<string, Warning>;
  readonly #changed = new Set<string>();
  readonly #onUndo: (step: () => void) => void;

  /** @param onUndo takes back a step if the write fails that made it */
  constructor({ verdicts, contests, reviewed }: FoundJudgements, onUndo: (step: () => void) => void) {
    this.#verdicts = [...verdicts];
    this.#contests = new Map(contests.map((row) => [row.participantId, row]));
    this.#warnings = new Map(reviewed.map((row) => [row.id, row]));
    this.#onUndo = onUndo;
  }

  /** Oldest first. */
  verdictsOf(participantId: string): Verdict[] {
    return this.#verdicts.filter((row) => row.participantId === participantId);
  }

  addVerdict(row: Verdict): Verdict {
    this.#verdicts.push(row);
    this.newVerdicts.push(row);
    this.#onUndo(() => {
      this.#verdicts.pop();
      this.newVerdicts.pop();
    });
    return row;
  }

  contestOf(participantId: string): Contest | undefined {
    return this.#contests.get(participantId);
  }

  setContest(row: Contest): Contest {
    const { participantId } = row;
    const before = this.#contests.get(participantId);
    this.#contests.set(participantId, row);
    this.#mark(participantId);
    this.#onUndo(() => (before ? this.#contests.set(participantId, before) : this.#contests.delete(participantId)));
    return row;
  }

  warning(id: string): Warning | undefined {
    return this.#warnings.get(id);
  }

  setWarning(row: Warning): Warning {
    const before = this.#warnings.get(row.id);
    this.#warnings.set(row.id, row);
    this.#mark(row.id);
    if (before) this.#onUndo(() => this.#warnings.set(row.id, before));
    return row;
  }

  #mark(id: string): void {
    if (this.#changed.has(id)) return;
    this.#changed.add(id);
    this.#onUndo(() => this.#changed.delete(id));
  }

  get changedContests(): Contest[] {
    return [...this.#contests.values()].filter(({ participantId }) => this.#changed.has(participantId));
  }

  get changedWarnings(): Warning[] {
    return [...this.#warnings.values()].filter(({ id }) => this.#changed.has(id));
  }
}
