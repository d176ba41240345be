import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { projectRoot } from '../../../src/paths.ts';
import { createExam } from '../../helpers/exam.ts';
import { makeMedia, pictures } from '../../helpers/media.ts';
import { eventually } from '../../helpers/patience.ts';
import type { TestServer } from '../../helpers/server.ts';

/** Pictures of every state, to be looked at. */
const SHOTS = join(projectRoot, 'build/screenshots');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** A camera that films a person who moves a little, as a file for Chromium. */
export async function filmFace(folder: string): Promise<string> {
  const path = join(folder, 'face.mjpeg');
  const place = "zoompan=z=1.15:x='20+14*sin(on/9)':y='14+9*sin(on/6)':d=150:s=640x480:fps=15";
  const { file, crop } = pictures.oneFace;
  const fit = 'scale=800:600:force_original_aspect_ratio=increase,crop=800:600';
  const filters = [...(crop ? [`crop=${crop}`] : []), fit, place].join();
  await makeMedia('-i', file, '-vf', filters, '-frames:v', '150', '-pix_fmt', 'yuvj420p', '-q:v', '5', '-f', 'mjpeg', path);
  return path;
}

export interface Invited {
  examId: string;
  /** The candidate's own link, at the server's address. */
  link: string;
}

/** An exam that records the camera, with one candidate invited, `ada`. The analysis, which takes most of the time, is off unless asked for. */
export async function invite(
  server: TestServer,
  { settings = {}, ...input }: { settings?: object; opensAt?: string; contentUrl?: string; contentMode?: string } = {},
  address = server.url,
): Promise<Invited> {
  const { id: examId } = await createExam(server, {
    title: 'Algebra',
    ...input,
    settings: { screenRecording: false, aiDetection: { enabled: false }, ...settings },
  });
  const answer = await server.post(`/exams/${examId}/participants`, { participants: [{ userId: 'ada', name: 'Ada L.' }] });
  const { participants } = (await answer.json()) as { participants: { accessUrl: string }[] };
  const { pathname, search, hash } = new URL(participants[0]?.accessUrl ?? '');
  return { examId, link: address + pathname + search + hash };
}

/** A computer whose clock is wrong. Before the page is opened. */
export const setClockAhead = (page: Page, hours: number) =>
  page.addInitScript(`{
    const Real = Date;
    const ahead = ${hours * 3_600_000};
    globalThis.Date = class extends Real {
      constructor(...given) { super(...(given.length === 0 ? [Real.now() + ahead] : given)); }
      static now() { return Real.now() + ahead; }
    };
  }`);

export const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();
export const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name }).first().waitFor();

interface Asked {
  screen?: boolean;
  photo?: boolean;
}

/** From the link to the waiting room or the exam, with camera, microphone and screen as asked for. */
export async function checkIn(page: Page, link: string, asked: Asked = {}): Promise<void> {
  await page.goto(link);
  await press(page, /I have read this/);
  await goThrough(page, asked);
}

/** The steps after the notice. */
export async function goThrough(page: Page, { screen = false, photo = false }: Asked = {}): Promise<void> {
  await press(page, /Switch on the camera/);
  if (screen) await press(page, 'Share your screen');
  await press(page, 'Continue');
  if (photo) {
    await press(page, 'Take the picture');
    await press(page, 'Use this picture');
  }
  await press(page, 'Record three seconds');
  await press(page, /It looks right/);
}

/** What the clock shows, in seconds. */
export async function secondsLeft(page: Page): Promise<number> {
  const text = await page.getByTestId('clock').innerText();
  const [s = 0, m = 0, h = 0] = (/[\d:]{5,}/.exec(text)?.[0] ?? '').split(':').map(Number).toReversed();
  return h * 3_600 + m * 60 + s;
}

const LOOKS = [
  ['light', 1_280],
  ['dark', 390],
] as const;

/** axe finds nothing, light and dark; and the state is photographed, wide and narrow. */
export async function expectGood(page: Page, name: string, looks: readonly (readonly ['light' | 'dark', number])[] = LOOKS): Promise<void> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  await mkdir(SHOTS, { recursive: true });
  for (const [colorScheme, width] of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const run = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')))`;
    expect(await page.evaluate(run), `${name}, ${colorScheme}`).toEqual([]);
    await expectToFit(page, `${name} at ${width} pixels`);
    await writeFile(join(SHOTS, `${name}-${width}-${colorScheme}.png`), await page.screenshot({ fullPage: true }));
  }
  await page.setViewportSize({ width: 320, height: 900 });
  await expectToFit(page, `${name} at 320 pixels`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1_280, height: 900 });
}

/** WCAG 1.4.10: nobody must scroll in two directions. */
async function expectToFit(page: Page, what: string): Promise<void> {
  // What measures its own width is drawn again when it has another.
  await eventually(async () => {
    const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(beyond, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
  });
}

export interface Recorded {
  id: string;
  type: 'WEBCAM' | 'SCREEN';
  complete: boolean;
  live: boolean;
  duration: number | null;
  sha256: string | null;
  note: string | null;
  spans: { startedAt: string; offsetSeconds: number; seconds: number }[];
}

const FACTS = `query ($examId: ID!) { exam(id: $examId) { participant(userId: "ada") {
  status startedAt recordings { id type complete live duration sha256 note spans { startedAt offsetSeconds seconds } }
  evidence { type expectedSeconds receivedSeconds gaps { from to cause } }
  submission { receipt { recordings { id sha256 complete } } } warnings(first: 100) { edges { node { type details timestamp } } } } } }`;

export interface Facts {
  status: string;
  startedAt: string;
  recordings: Recorded[];
  evidence: { type: string; expectedSeconds: number; receivedSeconds: number; gaps: { from: string; to: string; cause: string }[] }[];
  submission: { receipt: { recordings: { id: string; sha256: string; complete: boolean }[] } } | null;
  warnings: { edges: { node: { type: string; details: string; timestamp: string } }[] };
}

/** What the server has of ada. */
export async function factsOf(server: TestServer, examId: string): Promise<Facts> {
  const { exam } = await server.graphql().request<{ exam: { participant: Facts } }>(FACTS, { examId });
  return exam.participant;
}

/** Her recordings, once all of them are joined. */
export async function joined(server: TestServer, examId: string): Promise<Facts> {
  await expect
    .poll(async () => {
      const { recordings } = await factsOf(server, examId);
      return recordings.length > 0 && recordings.every(({ live, complete }) => complete && !live);
    })
    .toBe(true);
  // Once more: parts of that answer may have been read before the recordings were joined.
  return factsOf(server, examId);
}

/** Spans are read from the file, and gaps from the chunks; a chunk is longer. */
const EDGE_MS = 1_000;

/**
 * What is missing of each track between its first and its last second, but for pauses. Before them the browser was still beginning to
 * record, and after them it was handing in: on a busy machine each of that takes longer than the ledger passes over.
 */
export function gapsInside({ recordings, evidence }: Facts): { from: string; to: string; cause: string }[] {
  return evidence.flatMap(({ type, gaps }) => {
    const spans = recordings.filter((one) => one.type === type).flatMap((one) => one.spans);
    const found = gaps.filter(({ cause }) => cause !== 'paused');
    if (spans.length === 0) return found;
    const from = Math.min(...spans.map(({ startedAt }) => Date.parse(startedAt))) + EDGE_MS;
    const to = Math.max(...spans.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1_000)) - EDGE_MS;
    return found.filter((gap) => Date.parse(gap.to) > from && Date.parse(gap.from) < to);
  });
}

/** As a browser does that shows another tab, which a headless one never does. */
const setHidden = (isHidden: boolean) => `Object.defineProperty(document, 'hidden', { configurable: true, value: ${isHidden} });
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${isHidden ? 'hidden' : 'visible'}' });
  document.dispatchEvent(new Event('visibilitychange'));`;
export const hide = (page: Page, isHidden: boolean) => page.evaluate(setHidden(isHidden));

/** Hides a page for so long, or longer on a busy machine; for 0 without a pause. @returns how long it was by its own clock, in seconds */
export const hideFor = (page: Page, ms: number): Promise<number> =>
  page.evaluate<number>(`(async () => {
    const from = performance.now();
    ${setHidden(true)}
    ${ms > 0 ? `await new Promise((resolve) => setTimeout(resolve, ${ms}));` : ''}
    ${setHidden(false)}
    return (performance.now() - from) / 1_000;
  })()`);
