import { notFound } from '../../errors.ts';
import type {
  Event,
  Exam,
  IdentityPhoto,
  Message,
  Participant,
  Prisma,
  TimeCredit,
  Warning,
  WarningSource,
} from '../../generated/prisma/client.ts';
import type { EventKind } from '../../generated/prisma/enums.ts';
import type { JsonText } from '../../validation.ts';
import type { LogEvent } from '../event-log/event-reader.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import type { WarningInput } from '../warnings/input.ts';
import { isSuppressed } from '../warnings/report.ts';
import { newWarningRow } from '../warnings/rows.ts';
import { type FoundHandedIn, HandedIn } from './handed-in.ts';
import { type FoundJudgements, Judgements } from './judgements.ts';

/**
 * A write to an exam that shares its transaction with others: it names what it must know, then decides in memory. All rows of all
 * writes are then stored with one statement per table.
 */
export interface ExamWrite<Result> {
  /** Whose turn it takes: writes of different users are served in turn. */
  userId: string;
  /** Other participants that it reads or changes. */
  others?: readonly string[] | undefined;
  /** Warnings that may have been stored before. */
  repeats?: Repeats | undefined;
  /** Whether it reads the user's submission and recordings. */
  submits?: boolean | undefined;
  /** Whether it reads how much the user has stored. */
  counts?: boolean | undefined;
  /** Whether it reads the verdicts about the other participants, and their contests. */
  judges?: boolean | undefined;
  /** Ids of the warnings that it reviews. */
  reviews?: readonly string[] | undefined;
  /** What `addSubmission` stores. */
  stats?: JsonText | undefined;
  /** The answer to keep under the request's idempotency key, in the same transaction. */
  keeper?: AnswerKeeper | null | undefined;
  /**
   * Called under the exam's lock, perhaps more than once. If it throws, nothing of this write is stored, and the others of the
   * transaction do not notice.
   */
  decide(state: ExamState): Result;
}

export interface Repeats {
  warnings: readonly WarningInput[];
  /** Whether the same type at the same time is the same warning, beside the same `clientEventId`. */
  sameMomentIsSame: boolean;
}

export type NewEvent = Omit<Event, 'data'> & { data: Prisma.InputJsonObject | null };

/** What a transaction found, under the exam's lock. */
export interface Found extends FoundHandedIn, FoundJudgements {
  exam: Exam;
  /** By the database's clock, which all servers share; the time of everything that is written. */
  now: Date;
  participants: readonly Participant[];
  warnings: readonly Warning[];
  /** Types that are suppressed, by participant: of those whose writes bring warnings, if they have any. */
  suppressed: ReadonlyMap<string, ReadonlySet<string>>;
}

const idKey = (userId: string | null, clientEventId: string) => JSON.stringify([userId, clientEventId]);
/** Of one source: otherwise a candidate could find out by its reports what else is known about it. */
const momentKey = (source: WarningSource, userId: string | null, type: string, at: Date) =>
  JSON.stringify([source, userId, type, at.getTime()]);

/** The exam as the writes of one transaction see it, each with the changes of those before it. */
export class ExamState {
  readonly now: Date;
  readonly events: NewEvent[] = [];
  readonly warnings: Warning[] = [];
  readonly timeCredits: TimeCredit[] = [];
  readonly messages: Message[] = [];
  /** Each replaces an earlier one of its participant. */
  readonly identityPhotos: IdentityPhoto[] = [];
  readonly handedIn: HandedIn;
  readonly judgements: Judgements;
  #exam: Exam;
  #seq: bigint;
  readonly #participants: Map<string, Participant>;
  readonly #added = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #suppressed: Found['suppressed'];
  readonly #known = new Map<string, Warning>();
  /** Takes back what the current write did, newest first. */
  #undo: (() => void)[] = [];

  constructor(found: Found) {
    const { exam, now, participants, warnings, suppressed } = found;
    const onUndo = (step: () => void) => void this.#undo.push(step);
    this.now = now;
    this.#exam = exam;
    this.#seq = exam.lastSeq;
    this.#participants = new Map(participants.map((row) => [row.userId, row]));
    this.#suppressed = suppressed;
    this.handedIn = new HandedIn(found, onUndo);
    this.judgements = new Judgements(found, onUndo);
    for (const row of warnings) {
      if (row.clientEventId) this.#known.set(idKey(row.userId, row.clientEventId), row);
      this.#known.set(momentKey(row.source, row.userId, row.type, row.timestamp), row);
    }
  }

  /** Runs one write; a failed one leaves no trace. */
  run<Result>(write: ExamWrite<Result>): PromiseSettledResult<Result> {
    const lists = [this.events, this.warnings, this.timeCredits, this.messages, this.identityPhotos];
    const before = { exam: this.#exam, seq: this.#seq, lengths: lists.map((list) => list.length) };
    this.#undo = [];
    try {
      return { status: 'fulfilled', value: write.decide(this) };
    } catch (reason) {
      this.#exam = before.exam;
      this.#seq = before.seq;
      lists.forEach((list, i) => list.splice(before.lengths[i] ?? 0));
      for (const undo of this.#undo.reverse()) undo();
      return { status: 'rejected', reason };
    }
  }

  get exam(): Exam {
    return this.#exam.lastSeq === this.#seq ? this.#exam : { ...this.#exam, lastSeq: this.#seq };
  }

  changeExam(change: Partial<Pick<Exam, 'status' | 'startedAt' | 'endedAt'>>): void {
    this.#exam = { ...this.#exam, ...change };
  }

  participant(userId: string): Participant | undefined {
    return this.#participants.get(userId);
  }

  /** @throws AppError `not_found` */
  requireParticipant(userId: string): Participant {
    const participant = this.participant(userId);
    if (!participant) throw notFound('Participant');
    return participant;
  }

  /** New or changed participants, with all changes. */
  get addedParticipants(): Participant[] {
    return [...this.#added].flatMap((userId) => this.#participants.get(userId) ?? []);
  }

  get changedParticipants(): Participant[] {
    return [...this.#changed].flatMap((userId) => this.#participants.get(userId) ?? []);
  }

  /** Keeps a new or changed participant. */
  setParticipant(row: Participant): Participant {
    const { userId } = row;
    const before = this.#participants.get(userId);
    const set = before && !this.#added.has(userId) ? this.#changed : this.#added;
    if (!set.has(userId)) this.#undo.push(() => set.delete(userId));
    this.#undo.push(() => (before ? this.#participants.set(userId, before) : this.#participants.delete(userId)));
    set.add(userId);
    this.#participants.set(userId, row);
    return row;
  }

  /** Adds an event and returns its position. `by` and similar facts go into `data`. */
  emit(kind: EventKind, subjectId: string, { userId, data }: { userId?: string; data?: Prisma.InputJsonObject } = {}): bigint {
    this.#seq += 1n;
    this.events.push({
      examId: this.#exam.id,
      seq: this.#seq,
      kind,
      subjectId,
      userId: userId ?? null,
      data: data ?? null,
      at: this.now,
    });
    return this.#seq;
  }

  /**
   * Adds the warnings of a participant that are not stored yet.
   * @returns one row per warning, the stored one for a repeat, null for one that an accommodation suppresses; and how many were
   *   added
   */
  addUnseen(
    { id: participantId, userId }: Participant,
    source: WarningSource,
    { warnings, sameMomentIsSame }: Repeats,
  ): { rows: (Warning | null)[]; stored: number } {
    const moments: [string, Warning][] = [];
    const examId = this.#exam.id;
    const before = this.warnings.length;
    const rows = warnings.map((warning) => {
      const { clientEventId, type, timestamp } = warning;
      const known =
        (clientEventId ? this.#known.get(idKey(userId, clientEventId)) : undefined) ??
        (sameMomentIsSame && timestamp ? this.#known.get(momentKey(source, userId, type, timestamp)) : undefined);
      if (known) return known;
      if (isSuppressed(this.#suppressed.get(participantId), source, type)) return null;
      const row = newWarningRow(warning, { examId, seq: this.#seq + 1n, participantId, userId, source, now: this.now });
      this.emit('WARNING_ADDED', row.id, { userId });
      this.warnings.push(row);
      if (clientEventId) this.#know(idKey(userId, clientEventId), row);
      moments.push([momentKey(source, userId, type, row.timestamp), row]);
      return row;
    });
    // Only now, because a session may hold the same type twice at the same time.
    for (const [key, row] of moments) this.#know(key, row);
    const stored = this.warnings.length - before;
    const participant = this.participant(userId);
    if (stored > 0 && participant) this.setParticipant({ ...participant, warningCount: participant.warningCount + stored });
    return { rows, stored };
  }

  #know(key: string, row: Warning): void {
    if (this.#known.has(key)) return;
    this.#known.set(key, row);
    this.#undo.push(() => this.#known.delete(key));
  }

  /** The new events with the rows that they are about. */
  logEvents(): LogEvent[] {
    const rows = new Map<string, LogEvent['subject']>();
    const subjects = [...this.#participants.values(), ...this.warnings, ...this.messages, ...this.handedIn.recordings];
    for (const row of [...subjects, ...this.judgements.changedWarnings]) rows.set(row.id, row);
    rows.set(this.#exam.id, this.exam);
    return this.events.flatMap(({ kind, subjectId, examId, seq, userId, at, data }) => {
      const subject = rows.get(subjectId);
      return subject ? [{ kind, subject, examId, seq, userId, at, data } as LogEvent] : [];
    });
  }
}
