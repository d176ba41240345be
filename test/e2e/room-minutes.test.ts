import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenBrowser, skipsBrowser } from '../helpers/browser.ts';
import { download } from '../helpers/live.ts';
import { makeMedia, passthrough } from '../helpers/media.ts';
import { openOrdinaryBrowser } from '../helpers/ordinary-browser.ts';
import { type FreezableProxy, startFreezableProxy } from '../helpers/proxy.ts';
import { checkIn, expectGood, type Facts, gapsInside, invite, joined, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const MINUTES_MS = 3 * 60_000;
const LOOK_MS = 5_000;
/** Two heartbeats or snapshots, and what a busy machine is late. */
const SILENT_S = 25;
/** What a recorder gives at once, and what a busy machine is late. */
const JUMP_S = 2;

/** The state of a page over time, and how often a timer of 100 ms ran in it while it was hidden. */
const WATCH = `window.seen = { states: [[document.visibilityState, performance.now()]], ticks: 0 };
  document.addEventListener('visibilitychange', () => seen.states.push([document.visibilityState, performance.now()]));
  setInterval(() => { if (document.hidden) seen.ticks += 1; }, 100);`;

/** Keeps the camera's stream where a test finds it. */
const EXPOSE = `{ const ask = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wishes) { return (globalThis.camera = await ask.call(this, wishes)); }; }`;
/** Pictures per second that the camera is asked for now. */
const RATE = 'camera.getVideoTracks()[0].getSettings().frameRate';

interface Seen {
  states: [state: string, at: number][];
  ticks: number;
}

interface Hidden {
  seen: Seen;
  /** The longest that the server had heard nothing, in seconds. */
  silence: { heard: number; chunk: number; snapshot: number };
}

interface Outage {
  /** What the page said before the network came back. */
  waiting: string;
  /** Pictures per second of the camera: at first, at the end of the outage, and when all was sent. */
  rates: number[];
}

interface Signs {
  lastSeenAt: string;
  latestSnapshot: { takenAt: string } | null;
  evidence: { lastChunkAt: string | null }[];
}

const SIGNS = `query ($examId: ID!) { exam(id: $examId) { participant(userId: "ada") {
  lastSeenAt latestSnapshot { takenAt } evidence { lastChunkAt } } } }`;

/** What came of a sitting: its exam, and until when the camera was recorded at least, in milliseconds since 1970. */
interface Sat {
  examId: string;
  until: number;
}

describe.skipIf(skipsBrowser)('the exam room, over minutes', () => {
  const stage = setStage();
  let proxy: FreezableProxy;
  let ordinary: OpenBrowser;
  let sittings: [PromiseSettledResult<Sat & Outage>, PromiseSettledResult<Sat & Hidden>];
  // Both at once: they only wait.
  beforeAll(async () => {
    proxy = await startFreezableProxy(stage.server.url);
    ordinary = await openOrdinaryBrowser({ cameraFile: stage.cameraFile });
    sittings = await Promise.allSettled([sitWithoutNetwork(), sitHidden()]);
  }, 3 * MINUTES_MS);
  afterAll(async () => {
    await ordinary?.close();
    await proxy?.stop();
  });

  /** @returns hands in, and resolves with when it began to */
  async function sit(page: Page, link: string) {
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    return async (): Promise<number> => {
      await press(page, 'Finish the exam');
      const until = Date.now();
      await press(page, 'Yes, finish');
      await page.getByText('Everything has arrived').waitFor();
      await page.close();
      return until;
    };
  }

  async function sitWithoutNetwork(): Promise<Sat & Outage> {
    const { examId, link } = await invite(stage.server, {}, proxy.url.replace(/\/$/, ''));
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.addInitScript(EXPOSE);
    const handIn = await sit(page, link);
    const rates = [await page.evaluate<number>(RATE)];
    await proxy.cut();
    await page.getByText('Offline since').first().waitFor();
    await setTimeout(MINUTES_MS);
    const waiting = await page.getByTestId('upload').innerText();
    rates.push(await page.evaluate<number>(RATE));
    await expectGood(page, '35-backlog');
    await proxy.restore();
    await page.getByText('Offline since').first().waitFor({ state: 'detached' });
    await page.getByText('fewer pictures').waitFor({ state: 'detached' });
    // The browser does it some time after it was asked to.
    await page.waitForFunction(`${RATE} !== ${rates[1]}`);
    rates.push(await page.evaluate<number>(RATE));
    return { examId, waiting, rates, until: await handIn() };
  }

  async function sitHidden(): Promise<Sat & Hidden> {
    const settings = { aiDetection: { enabled: true, sensitivity: 'low' }, snapshotSeconds: 10 };
    const { examId, link } = await invite(stage.server, { settings });
    const page = await ordinary.openPage();
    const handIn = await sit(page, link);
    const signs = async () => {
      const { exam } = await stage.server.graphql().request<{ exam: { participant: Signs } }>(SIGNS, { examId });
      return exam.participant;
    };
    while (!(await signs()).latestSnapshot) await setTimeout(250);
    await page.evaluate(WATCH);
    const other = await ordinary.openPage();
    await other.bringToFront();
    const silence = { heard: 0, chunk: 0, snapshot: 0 };
    for (const until = Date.now() + MINUTES_MS; Date.now() < until; await setTimeout(LOOK_MS)) {
      const { lastSeenAt, latestSnapshot, evidence } = await signs();
      const since = (at: string | null | undefined) => (Date.now() - Date.parse(at ?? '')) / 1_000;
      silence.heard = Math.max(silence.heard, since(lastSeenAt));
      silence.chunk = Math.max(silence.chunk, since(evidence[0]?.lastChunkAt));
      silence.snapshot = Math.max(silence.snapshot, since(latestSnapshot?.takenAt));
    }
    const seen = await page.evaluate<Seen>('seen');
    await page.bringToFront();
    await page.waitForFunction(`document.visibilityState === 'visible'`);
    await other.close();
    return { examId, silence, seen, until: await handIn() };
  }

  /** Nothing is missing: not by the ledger, nor by the receipt, nor in the file. */
  async function expectWhole({ examId, until }: Sat): Promise<Facts> {
    const facts = await joined(stage.server, examId);
    const [recording, ...others] = facts.recordings;
    if (!recording) throw new Error('there is no recording');
    expect(others).toEqual([]);
    const { id, spans } = recording;
    const seconds = (until - Date.parse(spans[0]?.startedAt ?? '')) / 1_000;
    expect(seconds).toBeGreaterThan(MINUTES_MS / 1_000);
    const file = await download(stage.server, id);
    const sha256 = createHash('sha256').update(file).digest('hex');
    expect(facts.submission?.receipt.recordings).toEqual([{ id, sha256, complete: true }]);
    expect(gapsInside(facts)).toEqual([]);
    expect(spans.reduce((sum, span) => sum + span.seconds, 0)).toBeGreaterThanOrEqual(seconds * 0.98);
    const path = join(stage.folder, `${id}.webm`);
    await writeFile(path, file);
    const pictures = await timesOf(path);
    const jumps = pictures.slice(1).map((at, n) => at - (pictures[n] ?? 0));
    expect(Math.max(...jumps)).toBeLessThan(JUMP_S);
    expect((pictures.at(-1) ?? 0) - (pictures[0] ?? 0)).toBeGreaterThanOrEqual(seconds * 0.98);
    return facts;
  }

  it('loses nothing of an outage of three minutes, and tells it once', async () => {
    const [outage] = sittings;
    if (outage.status === 'rejected') throw outage.reason;
    const { waiting, rates } = outage.value;
    expect(waiting).toMatch(/on this device: 0?[23]:.*fewer pictures/s);
    expect(rates).toEqual([15, 6, 15]);
    const { warnings } = await expectWhole(outage.value);
    expect(warnings.edges.filter(({ node }) => node.type === 'network_lost')).toHaveLength(1);
  });

  it('goes on recording and sending in a tab that is hidden for three minutes, whose timers are slowed down', async () => {
    const [, hidden] = sittings;
    if (hidden.status === 'rejected') throw hidden.reason;
    const { seen, silence } = hidden.value;
    expect(seen.states.map(([state]) => state)).toEqual(['visible', 'hidden']);
    // In front it were 1,800.
    expect(seen.ticks).toBeGreaterThan(0);
    expect(seen.ticks).toBeLessThan(250);
    expect(silence.heard).toBeLessThan(SILENT_S);
    expect(silence.chunk).toBeLessThan(SILENT_S);
    expect(silence.snapshot).toBeLessThan(SILENT_S);
    await expectWhole(hidden.value);
  });
});

/** When each picture of a file is shown, in seconds; every one is decoded. */
async function timesOf(path: string): Promise<number[]> {
  const text = (await makeMedia('-xerror', '-i', path, '-map', '0:v:0', ...passthrough, '-f', 'framecrc', '-')).toString();
  const [, num, den] = /#tb 0: (\d+)\/(\d+)/.exec(text) ?? [];
  return text
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => (Number(line.split(',')[2]) * Number(num)) / Number(den));
}
