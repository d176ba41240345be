import { drawSample } from '../../adapters/media/sample-film.ts';
import { shrinkPicture } from '../../adapters/vision/shrink-picture.ts';
import { AppError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Messages } from '../messages/messages.ts';
import type { ParticipantKey } from '../participants/key.ts';
import type { Presence } from '../presence/presence.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import type { Warnings } from '../warnings/warnings.ts';
import { idsOf } from './sample-people.ts';

const STEP_MS = 5_000;
/** Five minutes. */
const STEPS = 60;
const WIDTH = 320;

interface Parts {
  presence: Presence;
  messages: Messages;
  snapshots: Snapshots;
  warnings: Warnings;
  log: Logger;
}

/** The picture of somebody's camera, if they have not been sent out. */
async function show(who: ParticipantKey, second: number, snapshots: Snapshots): Promise<void> {
  try {
    const participant = await snapshots.admit(who);
    snapshots.take(participant, await shrinkPicture(drawSample('webcam', second), WIDTH), null, 'image');
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
  }
}

/** What the people of the sample exam do, step by step; the same again after a minute. */
async function act(examId: string, step: number, { presence, messages, snapshots, warnings }: Parts): Promise<void> {
  const here = idsOf('active', 'waiting', 'checking-in', 'paused');
  if (step % 2 === 0) for (const userId of here) await presence.heartbeat({ examId, userId }, null);
  for (const [n, userId] of idsOf('active').entries()) await show({ examId, userId }, step + 3 * n, snapshots);
  const [ada = '', bruno = '', cleo = ''] = idsOf('active');
  const report = (userId: string, type: string, details: string) =>
    warnings.report({ examId, userId, source: 'CLIENT', warnings: [{ type, details }], keeper: null });
  switch (step % 12) {
    case 1:
      return void (await report(ada, 'tab_switch', 'The exam page was hidden for 4 s'));
    case 3:
      return void (await messages.raiseHand(examId, bruno, 'May I use a ruler?'));
    case 5:
      return void (await report(cleo, 'copy_paste', 'Text was pasted'));
    case 7:
      return void (await messages.lowerHand(examId, bruno, bruno));
    case 9:
      return void (await messages.send(examId, { userId: cleo, from: 'PARTICIPANT', by: cleo, text: 'How much time is left?' }, null));
    case 11:
      return void (await report(bruno, 'window_blur', 'The exam window lost the focus'));
    default:
  }
}

/**
 * Lets the sample exam go on for some minutes. Only in this process: after a restart it stands still.
 * @returns stops it
 */
export function startPlay(examId: string, parts: Parts, onEnd: () => void): () => void {
  let step = 0;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function stop(): void {
    isStopped = true;
    clearTimeout(timer);
    onEnd();
  }

  async function next(): Promise<void> {
    try {
      await act(examId, step, parts);
    } catch (error) {
      // Removed, by this server or another one, or ended by somebody.
      if (error instanceof AppError && error.code === 'not_found') return stop();
      if (!(error instanceof AppError)) parts.log.warn({ err: error, examId }, 'a step of the sample exam failed');
    }
    step += 1;
    if (step >= STEPS) return stop();
    if (!isStopped) timer = setTimeout(() => void next(), STEP_MS).unref();
  }

  void next();
  return stop;
}
