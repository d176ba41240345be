import type { Transaction } from '../adapters/database/database-transaction.ts';
import type { Database } from '../adapters/database/database.ts';
import { startSweep } from '../async/sweep.ts';
import { AppError } from '../errors.ts';
import { Prisma } from '../generated/prisma/client.ts';
import type { Logger } from '../log.ts';
import { repairSurrogates } from '../validation.ts';

/** How long the first answer is repeated. */
const KEPT_MS = 24 * 3_600_000;
/** After this time a first request without an answer counts as dead, and its repeat may run. */
const LOCK_MS = 120_000;
const SWEEP_MS = 3_600_000;

/** The status of every answer that is kept. */
const STATUS = 200;

interface KeyedRequest {
  /** The owner of the key. */
  scope: string;
  key: string;
  /** Hash of method, path and body. */
  fingerprint: string;
}

/** An answer with the claim that may store it. */
export interface KeptAnswer {
  scope: string;
  key: string;
  /** `lockedUntil` of the claim: a repeat that takes the key over sets a later one. */
  claim: Date;
  body: string;
}

/**
 * Makes the answer to the current request. The transaction that does the work must store it with `keepAnswers`: otherwise the
 * process may end in between, and the repeat does the work again.
 */
export interface AnswerKeeper {
  /** @param result of the operation, as its resolver returns it */
  answer(result: unknown): Promise<KeptAnswer>;
}

/** The keeper for a service whose result is only a part of the resolver's. @param whole makes that of it */
export const keeperOfPart = (keeper: AnswerKeeper | null, whole: (part: never) => unknown): AnswerKeeper | null =>
  keeper && { answer: (part) => keeper.answer(whole(part as never)) };

/** A repeat will get the answer soon. */
const SOON = { 'retry-after': '1' };

class StillRunning extends AppError {
  override readonly headers = SOON;

  constructor() {
    super('conflict', 'The first request with this Idempotency-Key is still running');
  }
}

/** A repeat has taken over the key: this request came too late. */
export class LostClaim extends AppError {
  override readonly headers = SOON;

  constructor() {
    super('conflict', 'Another request with this Idempotency-Key was faster: send it again to get its answer');
  }
}

/** The answers to the writes of one transaction that succeeded and have a key. @param outcomes null for a write of which nothing is stored */
export async function answersOf(
  writes: readonly { keeper?: AnswerKeeper | null | undefined }[],
  outcomes: readonly (PromiseSettledResult<unknown> | null)[],
): Promise<KeptAnswer[]> {
  const answers: KeptAnswer[] = [];
  for (const [i, { keeper }] of writes.entries()) {
    const outcome = outcomes[i];
    if (keeper && outcome?.status === 'fulfilled') answers.push(await keeper.answer(outcome.value));
  }
  return answers;
}

type Run = (text: string, values: unknown[]) => Promise<number>;

export const inPool =
  (transaction: Transaction): Run =>
  async (text, values) =>
    (await transaction.query({ name: 'keep-answers', text, values })).rowCount ?? 0;

export const inPrisma =
  (tx: Pick<Prisma.TransactionClient, '$executeRawUnsafe'>): Run =>
  (text, values) =>
    tx.$executeRawUnsafe(text, ...values);

/**
 * Stores the answers within the transaction that did the work.
 * @throws LostClaim if one of them was taken over; nothing may be committed then
 */
export async function keepAnswers(run: Run, answers: readonly KeptAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  const text = `UPDATE "IdempotencyRecord" r SET status = ${STATUS}, body = kept.body::jsonb
    FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS kept(scope, key, claim, body)
    WHERE r.scope = kept.scope AND r.key = kept.key AND r.status IS NULL AND r."lockedUntil" = kept.claim`;
  const lists = [
    answers.map(({ scope }) => scope),
    answers.map(({ key }) => key),
    answers.map(({ claim }) => claim),
    answers.map(({ body }) => body),
  ];
  if ((await run(text, lists)) !== answers.length) throw new LostClaim();
}

/** The body as the client receives it: dates as strings, and no half of a surrogate pair, which PostgreSQL refuses. */
const plain = (body: unknown) => repairSurrogates(JSON.stringify(body));

/** The `Idempotency-Key` header: a repeat of a POST gets the first answer. */
export function createIdempotency({ db, log }: { db: Database['prisma']; log: Logger }) {
  const find = ({ scope, key }: KeyedRequest) => db.idempotencyRecord.findUnique({ where: { scope_key: { scope, key } } });

  /** Claims the key until the returned time; otherwise returns the record that holds it. */
  async function claim(request: KeyedRequest) {
    const { scope, key, fingerprint } = request;
    const lockedUntil = new Date(Date.now() + LOCK_MS);
    const fresh = { fingerprint, status: null, lockedUntil, expiresAt: new Date(Date.now() + KEPT_MS) };
    const { count } = await db.idempotencyRecord.createMany({ data: { scope, key, ...fresh }, skipDuplicates: true });
    if (count === 1) return { lockedUntil };
    const abandoned = {
      scope,
      key,
      OR: [{ expiresAt: { lt: new Date() } }, { status: null, fingerprint, lockedUntil: { lt: new Date() } }],
    };
    const taken = await db.idempotencyRecord.updateMany({ where: abandoned, data: { ...fresh, body: Prisma.DbNull } });
    if (taken.count === 1) return { lockedUntil };
    return { held: await find(request) };
  }

  return {
    /**
     * Runs the request once and gives its answer to every repeat. A failure is not kept: its repeat runs again.
     * @param run does the work, and stores its answer with it by the keeper; work that is harmless to repeat may leave that out
     * @param present the answer to the result of `run`
     * @throws AppError `conflict` for the same key with another request, or while the first one is running.
     */
    async once<Result>(
      request: KeyedRequest,
      run: (keeper: AnswerKeeper) => Promise<Result>,
      present: (result: Result) => Promise<unknown>,
    ): Promise<Prisma.JsonValue> {
      const { scope, key } = request;
      const { held, lockedUntil } = await claim(request);
      if (held && held.fingerprint !== request.fingerprint)
        throw new AppError('conflict', 'This Idempotency-Key was used for another request');
      if (held?.status != null) return held.body;
      if (!lockedUntil) throw new StillRunning();
      let answer: KeptAnswer | undefined;
      const keeper: AnswerKeeper = {
        // The result is the one that `run` returns; only the transaction that stores it comes in between.
        answer: async (result) => (answer = { scope, key, claim: lockedUntil, body: plain(await present(result as Result)) }),
      };
      try {
        const result = await run(keeper);
        if (!answer) await keepAnswers(inPrisma(db), [await keeper.answer(result)]);
        return JSON.parse(answer?.body ?? 'null') as Prisma.JsonValue;
      } catch (error) {
        // A commit whose confirmation was lost has still happened.
        const stored = await find(request).catch(() => null);
        if (stored?.status != null && stored.lockedUntil.getTime() === lockedUntil.getTime()) return stored.body;
        await db.idempotencyRecord.deleteMany({ where: { scope, key, status: null, lockedUntil } }).catch(() => {});
        throw error;
      }
    },

    /** Starts the sweep that removes expired answers. */
    startSweep: () =>
      startSweep({
        everyMs: SWEEP_MS,
        log,
        failure: 'could not remove old idempotency records; will try again',
        async run() {
          await db.idempotencyRecord.deleteMany({ where: { expiresAt: { lt: new Date() } } });
        },
      }),
  };
}

export type Idempotency = ReturnType<typeof createIdempotency>;
