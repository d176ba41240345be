import type { Recording, Submission } from '../../generated/prisma/client.ts';
import type { JsonText } from '../../validation.ts';

/** What is stored of one participant. */
export interface Stored {
  recordings: number;
  bytes: bigint;
}

export type SubmissionRow = Omit<Submission, 'stats'>;
export type NewSubmissionRow = SubmissionRow & { stats: JsonText };

/** What participants handed in, as a transaction found it. */
export interface FoundHandedIn {
  /** Of participants who submit, oldest first. */
  submissions: readonly SubmissionRow[];
  /** Of participants who submit, oldest first. */
  recordings: readonly Recording[];
  /** By participant, of those whose writes count; none for who has stored nothing. */
  stored: ReadonlyMap<string, Stored>;
}

/** What participants handed in and hand in, within the transaction of `ExamState`. */
export class HandedIn {
  readonly newSubmissions: NewSubmissionRow[] = [];
  readonly newRecordings: Recording[] = [];
  /** Recordings that become part of a submission. */
  readonly ending: { recording: Recording; submissionId: string }[] = [];
  readonly #submissions: SubmissionRow[];
  readonly #recordings: Recording[];
  readonly #stored: FoundHandedIn['stored'];
  readonly #now: Date;
  readonly #onUndo: (step: () => void) => void;

  /** @param onUndo takes back a step if the write fails that made it */
  constructor({ submissions, recordings, stored, now }: FoundHandedIn & { now: Date }, onUndo: (step: () => void) => void) {
    this.#submissions = [...submissions];
    this.#recordings = [...recordings];
    this.#stored = stored;
    this.#now = now;
    this.#onUndo = onUndo;
  }

  /** Oldest first: a participant who was readmitted may have several. */
  submissionsOf(participantId: string): SubmissionRow[] {
    return this.#submissions.filter((row) => row.participantId === participantId);
  }

  addSubmission(row: NewSubmissionRow): SubmissionRow {
    const { stats: _stats, ...rest } = row;
    this.newSubmissions.push(row);
    this.#submissions.push(rest);
    this.#onUndo(() => {
      this.newSubmissions.pop();
      this.#submissions.pop();
    });
    return rest;
  }

  /** Those found and those added. */
  get recordings(): readonly Recording[] {
    return this.#recordings;
  }

  /** Of a participant who submits. Oldest first. */
  recordingsOf(participantId: string): Recording[] {
    return this.#recordings.filter((row) => row.participantId === participantId);
  }

  /** Of a user whose write counts. */
  storedBy(participantId: string): Stored {
    const { recordings, bytes } = this.#stored.get(participantId) ?? { recordings: 0, bytes: 0n };
    const added = this.newRecordings.filter((row) => row.participantId === participantId);
    return { recordings: recordings + added.length, bytes: added.reduce((sum, { size }) => sum + size, bytes) };
  }

  addRecording(row: Recording): Recording {
    this.newRecordings.push(row);
    this.#recordings.push(row);
    this.#onUndo(() => {
      this.newRecordings.pop();
      this.#recordings.pop();
    });
    return row;
  }

  /** Makes a live recording part of a submission, which ends its sitting. */
  endWithSubmission(recording: Recording, submissionId: string): Recording {
    const sittingEndedAt = recording.sittingEndedAt ?? this.#now;
    const row = { ...recording, submissionId: recording.submissionId ?? submissionId, sittingEndedAt };
    const at = this.#recordings.indexOf(recording);
    this.#recordings[at] = row;
    this.ending.push({ recording, submissionId });
    this.#onUndo(() => {
      this.#recordings[at] = recording;
      this.ending.pop();
    });
    return row;
  }
}
