import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Answer, Door, Entrance, Operation } from './doors.ts';
import type { Viewer } from './school.ts';

/** A viewer's operation, and the only correct answer. */
export interface Ask extends Operation {
  kind: 'read' | 'refusal' | 'write';
  name: string;
  viewer: Viewer;
  /** The expected data after `see`, or the error code of a refusal without data. */
  expected: { data: unknown } | { code: string };
  /** Makes varying values comparable, such as a token. */
  see?: (data: unknown) => unknown;
}

export interface Job {
  door: Door;
  ask: Ask;
}

export interface Checked extends Job {
  /** Null if the answer was correct. */
  mistake: string | null;
  /** Whether another viewer's request was running through the same door. */
  overlapped: boolean;
}

/** Concurrent requests, each on a kept connection. */
const AT_ONCE = 30;

/** Maximum attempts of a client that is told to try again. */
const TRIES = 20;

/** Turns a connection's rows into an unordered list and leaves everything else unchanged: what a viewer sees, not how. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('edges' in value)
    return (value.edges as { node: unknown }[])
      .map(({ node }) => plain(node))
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

const holdsNothing = (data: unknown) => data == null || Object.values(data).every((value) => value === null);

function mistakeIn({ expected, see }: Ask, { data, errors }: Answer): string | null {
  const tell = () => JSON.stringify({ data, errors, expected }).slice(0, 1_500);
  if ('code' in expected) return holdsNothing(data) && errors?.[0]?.extensions?.code === expected.code ? null : tell();
  if (errors) return tell();
  return isDeepStrictEqual(plain(see ? see(data) : data), plain(expected.data)) ? null : tell();
}

/** On a slow machine a request may wait too long for an exam's lock; then nothing was changed. */
const isBusy = ({ errors }: Answer) => errors?.[0]?.message === 'The database is busy; try again';

async function send(entrance: Entrance, { door, ask }: Job): Promise<Answer> {
  let answer = await door.send(entrance, ask.viewer, ask);
  for (let tries = 1; tries < TRIES && isBusy(answer); tries++) answer = await door.send(entrance, ask.viewer, ask);
  return answer;
}

/** A random order that only depends on the seed. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items];
  let state = seed;
  for (let left = mixed.length; left > 1; left--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [drawn] = mixed.splice(Math.floor((state / 2 ** 32) * left), 1);
    if (drawn !== undefined) mixed.push(drawn);
  }
  return mixed;
}

/** Runs all of them in random order, many at a time, and checks every answer. */
export async function atOnce(entrance: Entrance, jobs: readonly Job[], { seed = 1, width = AT_ONCE } = {}): Promise<Checked[]> {
  const left = shuffled(jobs, seed);
  const running = new Set<Checked>();
  const checked: Checked[] = [];

  async function run({ door, ask }: Job): Promise<void> {
    const job: Checked = { door, ask, mistake: null, overlapped: false };
    for (const other of running) {
      if (other.door !== door || other.ask.viewer === ask.viewer) continue;
      other.overlapped = true;
      job.overlapped = true;
    }
    running.add(job);
    try {
      job.mistake = mistakeIn(ask, await send(entrance, job));
    } catch (error) {
      job.mistake = String(error);
    }
    running.delete(job);
    checked.push(job);
  }

  async function work(): Promise<void> {
    for (let job = left.pop(); job; job = left.pop()) await run(job);
  }
  await Promise.all(Array.from({ length: width }, work));
  return checked;
}

export function expectRight(checked: readonly Checked[], atLeast: number): void {
  const wrong = checked.filter(({ mistake }) => mistake !== null);
  const shown = wrong.slice(0, 3).map(({ door, ask, mistake }) => `${door.name}: ${ask.name} by ${ask.viewer.name}: ${mistake}`);
  expect(shown, `${wrong.length} of ${checked.length} answers were wrong`).toEqual([]);
  expect(checked.length).toBeGreaterThanOrEqual(atLeast);
}

/** Otherwise the answers might only be right because the requests ran one by one. */
export function expectOverlap(checked: readonly Checked[]): void {
  expect(checked.filter(({ overlapped }) => overlapped).length).toBeGreaterThan(checked.length * 0.8);
}
