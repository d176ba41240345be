import type { Exam, Prisma } from '../generated/prisma/client.ts';
import type { SettingsInput } from './exam-input.ts';

/** How an exam is held, complete: what was not given has its default. */
export interface ExamSettings {
  webcam: boolean;
  screenRecording: boolean;
  audioRecording: boolean;
  browserLock: boolean;
  aiDetection: { enabled: boolean; sensitivity: 'LOW' | 'MEDIUM' | 'HIGH' };
  /** PROCTOR: whoever joins is WAITING until a proctor admits them. */
  admission: 'AUTOMATIC' | 'PROCTOR';
  /** Whether the exam's access link lets candidates in; without it, only their personal links do. */
  sharedLink: boolean;
  identityPhoto: boolean;
  allowWithoutCamera: boolean;
  /** Client signals that the exam room reports; null: all that fit the other settings. */
  signals: readonly string[] | null;
  /** Seconds between snapshots; null: by sensitivity. */
  snapshotSeconds: number | null;
  candidateView: 'NEVER' | 'AFTER_END' | 'LIVE';
  /** At most so many minutes of measured outages are credited without a decision of staff. */
  creditDisconnectedMinutes: number;
  /** Texts that staff send by one click. */
  messagePresets: readonly string[];
}

/** The settings of the documented API. All of them are stored; of the others, those that were given. */
const DOCUMENTED = {
  webcam: true,
  screenRecording: true,
  audioRecording: true,
  browserLock: true,
  aiDetection: { enabled: true, sensitivity: 'MEDIUM' },
} as const;

const OTHERS = {
  admission: 'AUTOMATIC',
  sharedLink: true,
  identityPhoto: false,
  allowWithoutCamera: true,
  signals: null,
  snapshotSeconds: null,
  candidateView: 'AFTER_END',
  creditDisconnectedMinutes: 0,
  messagePresets: [
    'Please sit so that your whole face is in the picture.',
    'Please close all other programs and tabs.',
    'Please share your whole screen.',
    'We are looking into it. Please go on with the exam.',
    'You lost time because of a technical problem. We will add it.',
    'Ten minutes are left.',
  ],
} as const;

type Stored = Partial<ExamSettings>;

export const settingsOf = ({ settings }: Pick<Exam, 'settings'>): ExamSettings => ({
  ...DOCUMENTED,
  ...OTHERS,
  ...(settings as unknown as Stored),
});

/** The settings that an answer of the documented API shows: its own and those that were given. */
export const shownSettings = ({ settings }: Pick<Exam, 'settings'>): Stored & Pick<ExamSettings, keyof typeof DOCUMENTED> => ({
  ...DOCUMENTED,
  ...(settings as unknown as Stored),
});

const given = (values: object): object => Object.fromEntries(Object.entries(values).filter(([, value]) => value != null));

/**
 * What to store of settings: those of before, with what was given. Null stands for a setting's default.
 * @param before null for a new exam
 */
export function changedSettings(before: Pick<Exam, 'settings' | 'extra'> | null, input: SettingsInput) {
  const { aiDetection, extra: unknown, ...plain } = input;
  const known = { ...DOCUMENTED, ...(before?.settings as unknown as Stored | undefined) };
  const isKept = ([name]: [string, unknown]) => !(name in plain && plain[name as keyof typeof plain] === null);
  const kept = Object.fromEntries(Object.entries(known).filter(isKept));
  const settings = {
    ...DOCUMENTED,
    ...kept,
    ...given(plain),
    aiDetection: { ...known.aiDetection, ...given(aiDetection ?? {}) },
  };
  const extra = { ...(before?.extra as object | null | undefined), ...unknown };
  return {
    settings: settings as unknown as Prisma.InputJsonObject,
    ...(Object.keys(extra).length > 0 && { extra: extra as Prisma.InputJsonObject }),
  };
}
