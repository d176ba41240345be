import { describe, expect, it } from 'vitest';
import { skipsBrowser } from '../helpers/browser.ts';
import { invite, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

describe.skipIf(skipsBrowser)('the exam room, for staff who look from outside', () => {
  const stage = setStage();

  interface Facts {
    status: string;
    checkInStep: string | null;
    latestSnapshot: { takenAt: string } | null;
  }
  async function read(examId: string): Promise<Facts> {
    const query = `{ exam(id: "${examId}") { participant(userId: "ada") { status checkInStep latestSnapshot { takenAt } } } }`;
    return (await stage.server.graphql().request<{ exam: { participant: Facts } }>(query)).exam.participant;
  }

  it('tells where the candidate is before the exam, and sends a picture when staff ask for one', async () => {
    const { examId, link } = await invite(stage.server, { settings: { aiDetection: { enabled: false } } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const step = async () => (await read(examId)).checkInStep;
    await page.goto(link);
    await press(page, /I have read this/);
    await expect.poll(step).toBe('devices');
    await press(page, /Switch on the camera/);
    await press(page, 'Continue');
    await expect.poll(step).toBe('proof');
    await press(page, 'Record three seconds');
    await press(page, /It looks right/);
    await expect.poll(() => read(examId)).toEqual({ status: 'ACTIVE', checkInStep: null, latestSnapshot: null });
    await page.getByText('Recording', { exact: true }).first().waitFor();
    const asked = Date.now();
    await stage.server.graphql().request(`mutation { requestSnapshot(examId: "${examId}", userId: "ada") { id } }`);
    await expect.poll(async () => Date.parse((await read(examId)).latestSnapshot?.takenAt ?? '')).toBeGreaterThan(asked - 1_000);
    await page.close();
  });
});
