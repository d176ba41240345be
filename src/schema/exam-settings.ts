import { ContentMode } from '../generated/prisma/enums.ts';
import type { ExamSettings } from '../services/exam-settings.ts';
import { builder, type Described } from './builder.ts';

const Sensitivity = builder.enumType('Sensitivity', {
  description:
    'How long something must last before the analysis raises a warning, and until it counts as over. Higher also means less sure findings.',
  values: {
    LOW: { description: '10 seconds.' },
    MEDIUM: { description: '5 seconds, the default.' },
    HIGH: { description: '2 seconds.' },
  } satisfies Described<ExamSettings['aiDetection']['sensitivity']>,
});

const AdmissionEnum = builder.enumType('Admission', {
  description: 'How candidates who join get into the exam.',
  values: {
    AUTOMATIC: { description: 'At once.' },
    PROCTOR: { description: 'Whoever joins is WAITING until a proctor admits them: `admitParticipants`.' },
  } satisfies Described<ExamSettings['admission']>,
});
export const ContentModeEnum = builder.enumType(ContentMode, {
  name: 'ContentMode',
  description: 'Where the questions at `contentUrl` open.',
  values: {
    EMBEDDED: { description: 'Inside the exam room. An address of this server itself opens in a window all the same.' },
    WINDOW: { description: 'In a window beside it.' },
  } satisfies Described<ContentMode>,
});
const CandidateView = builder.enumType('CandidateView', {
  description: 'When candidates see the warnings about themselves.',
  values: {
    NEVER: { description: 'Never.' },
    AFTER_END: { description: 'When they have left the exam, or it is over.' },
    LIVE: { description: 'As soon as they are stored.' },
  } satisfies Described<ExamSettings['candidateView']>,
});

const AI_ENABLED =
  'Whether recordings and snapshots are analysed. If not, recordings stay UPLOADED and only what clients and proctors report becomes a warning.';
const CLIENTS_OBEY = 'Clients obey this; the server refuses nothing because of it.';
const WEBCAM = `Whether the webcam is recorded. ${CLIENTS_OBEY}`;
const SCREEN = `Whether the screen is recorded. ${CLIENTS_OBEY}`;
const AUDIO = `Whether sound is recorded. ${CLIENTS_OBEY}`;
const LOCK = `Whether the client locks the browser. ${CLIENTS_OBEY}`;

const ADMISSION = 'How candidates who join get into the exam.';
const SHARED_LINK = 'Whether `Exam.accessUrl` lets candidates in. If not, only the personal links of those invited do.';
const PHOTO = 'Whether check-in takes a picture of the face, for the proctor and for comparison.';
const WITHOUT_CAMERA = `Whether a candidate whose camera fails may go on; proctors are told. ${CLIENTS_OBEY}`;
const SIGNALS = 'Types of client signals that the exam room reports.';
const SNAPSHOTS =
  'Seconds between the snapshots of the exam room. Up to 15 they are judged live; with longer ones `evidence_gap` says that nothing can be.';
const VIEW = 'When candidates see the warnings about themselves.';
const PRESETS = 'Texts that staff send by one click.';
const CREDIT = 'At most so many minutes of measured outages are credited to a candidate without a decision of staff.';

const AiDetection = builder.objectRef<ExamSettings['aiDetection']>('AiDetection').implement({
  description: 'The analysis of recordings and snapshots.',
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: AI_ENABLED }),
    sensitivity: t.expose('sensitivity', { type: Sensitivity, description: 'How long something must last before it is a warning.' }),
  }),
});

export const ExamSettingsType = builder.objectRef<ExamSettings & { extra: unknown }>('ExamSettings').implement({
  description: 'What is recorded and analysed, and how the exam is held. `updateExam` changes it.',
  fields: (t) => ({
    webcam: t.exposeBoolean('webcam', { description: WEBCAM }),
    screenRecording: t.exposeBoolean('screenRecording', { description: SCREEN }),
    audioRecording: t.exposeBoolean('audioRecording', { description: AUDIO }),
    browserLock: t.exposeBoolean('browserLock', { description: LOCK }),
    aiDetection: t.expose('aiDetection', { type: AiDetection, description: 'The analysis of recordings and snapshots.' }),
    admission: t.expose('admission', { type: AdmissionEnum, description: ADMISSION }),
    sharedLink: t.exposeBoolean('sharedLink', { description: SHARED_LINK }),
    identityPhoto: t.exposeBoolean('identityPhoto', { description: PHOTO }),
    allowWithoutCamera: t.exposeBoolean('allowWithoutCamera', { description: WITHOUT_CAMERA }),
    signals: t.stringList({
      nullable: true,
      description: `${SIGNALS} Null: all that fit the other settings.`,
      resolve: ({ signals }) => signals && [...signals],
    }),
    snapshotSeconds: t.exposeInt('snapshotSeconds', { nullable: true, description: `${SNAPSHOTS} Null: 10, 5 or 2, by sensitivity.` }),
    candidateView: t.expose('candidateView', { type: CandidateView, description: VIEW }),
    creditDisconnectedMinutes: t.exposeInt('creditDisconnectedMinutes', { description: CREDIT }),
    messagePresets: t.stringList({ description: PRESETS, resolve: ({ messagePresets }) => [...messagePresets] }),
    extra: t.expose('extra', {
      type: 'JSON',
      nullable: true,
      description: 'Settings that this server does not know, exactly as received; null if there are none.',
    }),
  }),
});

const AiDetectionInput = builder.inputType('AiDetectionInput', {
  description: 'The analysis of recordings and snapshots. What is left out has its default.',
  fields: (t) => ({
    enabled: t.boolean({ description: `${AI_ENABLED} Default true.` }),
    sensitivity: t.field({ type: Sensitivity, description: 'How long something must last before it is a warning. Default MEDIUM.' }),
  }),
});
export const ExamSettingsInput = builder.inputType('ExamSettingsInput', {
  description: 'What is recorded and analysed. What is left out has its default.',
  fields: (t) => ({
    webcam: t.boolean({ description: `${WEBCAM} Default true.` }),
    screenRecording: t.boolean({ description: `${SCREEN} Default true.` }),
    audioRecording: t.boolean({ description: `${AUDIO} Default true.` }),
    browserLock: t.boolean({ description: `${LOCK} Default true.` }),
    aiDetection: t.field({ type: AiDetectionInput, description: 'The analysis; on, with sensitivity MEDIUM, if left out.' }),
    admission: t.field({ type: AdmissionEnum, description: `${ADMISSION} Default AUTOMATIC.` }),
    sharedLink: t.boolean({ description: `${SHARED_LINK} Default true.` }),
    identityPhoto: t.boolean({ description: `${PHOTO} Default false.` }),
    allowWithoutCamera: t.boolean({ description: `${WITHOUT_CAMERA} Default true.` }),
    signals: t.stringList({ description: `${SIGNALS} Default: all that fit the other settings.` }),
    snapshotSeconds: t.int({ description: `${SNAPSHOTS} 1 to 600. Default: 10, 5 or 2, by sensitivity.` }),
    candidateView: t.field({ type: CandidateView, description: `${VIEW} Default AFTER_END.` }),
    messagePresets: t.stringList({ description: `${PRESETS} At most 50, of 500 characters. Default: six in English.` }),
    creditDisconnectedMinutes: t.int({ description: `${CREDIT} 0 to 1440. Default 0.` }),
    extra: t.field({ type: 'JSON', description: 'An object with settings of your own: stored and returned, not interpreted.' }),
  }),
});
