import { AppError } from '../../errors.ts';
import type { Participant } from '../../generated/prisma/client.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ParticipantKey } from '../participants/key.ts';
import { isRunning } from '../participants/moves.ts';
import { createPersonalLimit } from '../personal-limit.ts';

/** As often as the newest picture of a participant is replaced. */
const EVERY_S = 5;

interface Dependencies {
  eventLog: EventLog;
  onAsked(participant: Participant): void;
}

/** Staff ask for a picture of a camera. Whether one comes is up to the participant's page: the request is an event that it gets. */
export function createSnapshotRequests({ eventLog, onAsked }: Dependencies) {
  const limit = createPersonalLimit({ everySeconds: EVERY_S, what: 'request for a picture' });

  /** @throws AppError `conflict` where no camera is on; TooOften for a participant who was asked a moment ago, by whomever */
  return async function request(who: ParticipantKey, by: string): Promise<Participant> {
    await limit.take(who);
    const participant = await eventLog.write(who.examId, {
      userId: '',
      others: [who.userId],
      decide(state) {
        const { exam } = state;
        const found = state.requireParticipant(who.userId);
        if (!settingsOf(exam).webcam) throw new AppError('conflict', 'This exam records no camera');
        if (exam.status !== 'IN_PROGRESS' || !isRunning(found.status))
          throw new AppError('conflict', 'Only who is in the exam, and not paused, can be asked for a picture');
        state.emit('PARTICIPANT_CHANGED', found.id, { userId: found.userId, data: { by, what: 'snapshot' } });
        return found;
      },
    });
    onAsked(participant);
    return participant;
  };
}
