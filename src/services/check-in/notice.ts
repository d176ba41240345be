import { createHash } from 'node:crypto';
import type { Exam, RecordingType } from '../../generated/prisma/client.ts';
import { settingsOf } from '../exam-settings.ts';

/** What candidates are told before anything of them is recorded. */
export interface Notice {
  /** Changes with the text. */
  version: string;
  text: string;
  records: RecordingType[];
  liveChecks: boolean;
  /** Days for which recordings are kept; null: until they are erased. */
  retentionDays: number | null;
}

const VERSION_LENGTH = 16;

const list = (items: readonly string[]) => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`);

/** @param photoDays how long the picture of the check-in is kept */
export function noticeOf(exam: Pick<Exam, 'settings'>, { photoDays }: { photoDays: number }): Notice {
  const { webcam, screenRecording, audioRecording, aiDetection, identityPhoto, candidateView } = settingsOf(exam);
  const recorded = [
    ...(webcam ? ['your camera'] : []),
    ...(audioRecording ? ['your microphone'] : []),
    ...(screenRecording ? ['your screen'] : []),
  ];
  const sentences = [
    recorded.length > 0
      ? `During this exam ${list(recorded)} ${recorded.length === 1 ? 'is' : 'are'} recorded.`
      : 'During this exam nothing is recorded.',
    ...(identityPhoto
      ? [`A picture of your face is taken before it begins, compared with your camera, and kept for ${photoDays} days.`]
      : []),
    ...(aiDetection.enabled
      ? [
          `Software looks ${audioRecording ? 'and listens ' : ''}for signs such as a second person${audioRecording ? ', speech' : ''} or a phone. It only points them out: people decide what they mean.`,
        ]
      : []),
    'Proctors and the school that holds the exam see the recordings and what was noticed; other candidates do not.',
    ...(recorded.length > 0 ? ['Recordings are kept until the school has them erased.'] : []),
    ...(candidateView === 'NEVER'
      ? []
      : ['You can read what was noticed about you, with the pictures, and object to a decision in writing.']),
  ];
  const text = sentences.join(' ');
  return {
    version: createHash('sha256').update(text).digest('hex').slice(0, VERSION_LENGTH),
    text,
    records: [...(webcam ? (['WEBCAM'] as const) : []), ...(screenRecording ? (['SCREEN'] as const) : [])],
    liveChecks: aiDetection.enabled,
    retentionDays: null,
  };
}
