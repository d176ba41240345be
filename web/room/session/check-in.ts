import type { Api } from '../../shared/api.ts';
import type { ServerClock } from '../../shared/server-clock.ts';
import type { Store } from '../../shared/store.ts';
import type { Capture } from '../capture/capture.ts';
import { describeDevice } from './device.ts';
import { type RoomState, type Step, stepsOf } from './room-state.ts';

/** Pixels. */
const PHOTO_WIDTH = 1_280;
/** The server looks for the face; on a busy one a whole class waits in line. */
export const CHECK_IN_MS = 120_000;

interface Options {
  api: Api;
  examId: string;
  practice: boolean;
  store: Store<RoomState>;
  clock: ServerClock;
  capture(): Capture | null;
  /** The server has checked the candidate in. */
  onDone(): Promise<unknown>;
}

/** The steps before the exam, and what the last of them sends. */
export function createCheckIn({ api, examId, practice, store, clock, capture, onDone }: Options) {
  let photo: Blob | null = null;

  function nextStep(after: Step): Step | undefined {
    const { exam } = store.get();
    const steps = exam ? stepsOf(exam) : [];
    return steps[steps.indexOf(after) + 1];
  }

  async function send(): Promise<void> {
    const body = new FormData();
    body.set('device', JSON.stringify(describeDevice(capture(), clock)));
    if (photo) body.set('photo', photo, 'photo.jpg');
    await api.rest(`/exams/${examId}/check-in`, { method: 'POST', body, timeoutMs: CHECK_IN_MS });
    await onDone();
  }

  return {
    /** To the next step, or, behind the last one, into the exam. @throws ApiError, NetworkError of the check-in */
    async goOn(from: Step): Promise<void> {
      const step = nextStep(from);
      if (step) return store.set({ phase: { kind: 'check-in', step } });
      if (!practice) return send();
      await capture()?.close();
      store.set({ phase: { kind: 'practised' } });
    },

    /** Null if the camera gives no picture. */
    takePhoto: async (): Promise<Blob | null> => (await capture()?.takePicture({ maxWidth: PHOTO_WIDTH })) ?? null,

    /** The picture that the check-in will send; null for one without. */
    setPhoto(image: Blob | null): void {
      photo = image;
    },
  };
}
