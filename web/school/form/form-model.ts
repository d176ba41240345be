import type { CreateExamInput, ExamSettingsInput, SchoolFactsFragment, UpdateExamInput } from '../../generated/graphql.ts';

/** What stands in the fields. */
export interface Form {
  title: string;
  duration: string;
  /** As `datetime-local` has them, in the zone of the browser; empty for none. */
  opensAt: string;
  closesAt: string;
  contentUrl: string;
  contentMode: 'EMBEDDED' | 'WINDOW';
  webcam: boolean;
  audioRecording: boolean;
  screenRecording: boolean;
  snapshotSeconds: string;
  identityPhoto: boolean;
  allowWithoutCamera: boolean;
  admission: 'AUTOMATIC' | 'PROCTOR';
  sharedLink: boolean;
  browserLock: boolean;
  aiEnabled: boolean;
  sensitivity: 'LOW' | 'MEDIUM' | 'HIGH';
  /** All that fit, or those chosen. */
  allSignals: boolean;
  signals: readonly string[];
  candidateView: 'NEVER' | 'AFTER_END' | 'LIVE';
  creditDisconnectedMinutes: string;
  /** One a line. */
  messagePresets: string;
}

/** As the server has it where nothing is given. */
export const DEFAULTS: Form = {
  title: '',
  duration: '60',
  opensAt: '',
  closesAt: '',
  contentUrl: '',
  contentMode: 'EMBEDDED',
  webcam: true,
  audioRecording: true,
  screenRecording: true,
  snapshotSeconds: '',
  identityPhoto: false,
  allowWithoutCamera: true,
  admission: 'AUTOMATIC',
  sharedLink: true,
  browserLock: true,
  aiEnabled: true,
  sensitivity: 'MEDIUM',
  allSignals: true,
  signals: [],
  candidateView: 'AFTER_END',
  creditDisconnectedMinutes: '0',
  messagePresets: '',
};

/** Signals that the exam room can report, in the order in which they are offered. */
export const SIGNALS = [
  ...(['tab_switch', 'window_blur', 'fullscreen_exit', 'mouse_left', 'copy_paste', 'page_reload'] as const),
  ...(['camera_stopped', 'mic_muted', 'screen_share_stopped', 'device_changed', 'extra_display'] as const),
  ...(['network_lost', 'network_restored', 'low_battery', 'devtools'] as const),
];

const two = (n: number) => String(n).padStart(2, '0');

/** A time of the server as `datetime-local` wants it. */
export function toLocal(time: string | null): string {
  if (time === null) return '';
  const date = new Date(time);
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

const fromLocal = (local: string) => (local === '' ? null : new Date(local).toISOString());
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
const wholeOrNull = (text: string) => (text.trim() === '' ? null : Number(text));

export function formOf({ settings, ...exam }: SchoolFactsFragment): Form {
  return {
    title: exam.title,
    duration: String(exam.duration),
    opensAt: toLocal(exam.opensAt),
    closesAt: toLocal(exam.closesAt),
    contentUrl: exam.contentUrl ?? '',
    contentMode: exam.contentMode,
    webcam: settings.webcam,
    audioRecording: settings.audioRecording,
    screenRecording: settings.screenRecording,
    snapshotSeconds: settings.snapshotSeconds === null ? '' : String(settings.snapshotSeconds),
    identityPhoto: settings.identityPhoto,
    allowWithoutCamera: settings.allowWithoutCamera,
    admission: settings.admission,
    sharedLink: settings.sharedLink,
    browserLock: settings.browserLock,
    aiEnabled: settings.aiDetection.enabled,
    sensitivity: settings.aiDetection.sensitivity,
    allSignals: settings.signals === null,
    signals: settings.signals ?? [],
    candidateView: settings.candidateView,
    creditDisconnectedMinutes: String(settings.creditDisconnectedMinutes),
    messagePresets: settings.messagePresets.join('\n'),
  };
}

/**
 * What to send: only the fields that differ, so that what others changed meanwhile stays, and times keep their seconds.
 * Null takes a time away and gives a setting its default.
 */
export function changesOf(form: Form, before: Form): UpdateExamInput {
  const changed = (name: keyof Form) => form[name] !== before[name];
  const settings: ExamSettingsInput = {};
  const input: UpdateExamInput = {};
  if (changed('title')) input.title = form.title;
  if (changed('duration')) input.duration = Number(form.duration);
  if (changed('opensAt')) input.opensAt = fromLocal(form.opensAt);
  if (changed('closesAt')) input.closesAt = fromLocal(form.closesAt);
  if (changed('contentUrl')) input.contentUrl = form.contentUrl.trim() || null;
  if (changed('contentMode')) input.contentMode = form.contentMode;
  for (const name of ['webcam', 'audioRecording', 'screenRecording', 'identityPhoto', 'allowWithoutCamera'] as const)
    if (changed(name)) settings[name] = form[name];
  for (const name of ['sharedLink', 'browserLock'] as const) if (changed(name)) settings[name] = form[name];
  if (changed('admission')) settings.admission = form.admission;
  if (changed('candidateView')) settings.candidateView = form.candidateView;
  if (changed('aiEnabled') || changed('sensitivity')) settings.aiDetection = { enabled: form.aiEnabled, sensitivity: form.sensitivity };
  if (changed('allSignals') || changed('signals')) settings.signals = form.allSignals ? null : [...form.signals];
  if (changed('snapshotSeconds')) settings.snapshotSeconds = wholeOrNull(form.snapshotSeconds);
  if (changed('creditDisconnectedMinutes')) settings.creditDisconnectedMinutes = wholeOrNull(form.creditDisconnectedMinutes);
  if (changed('messagePresets')) settings.messagePresets = form.messagePresets.trim() === '' ? null : linesOf(form.messagePresets);
  if (Object.keys(settings).length > 0) input.settings = settings;
  return input;
}

/** For a new exam: what differs from the defaults, and what must be given. */
export const newExamOf = (form: Form): CreateExamInput => {
  const { title: _title, duration: _duration, ...rest } = changesOf(form, DEFAULTS);
  return { ...(rest as Omit<CreateExamInput, 'title' | 'duration'>), title: form.title, duration: Number(form.duration) };
};

/** Names of fields as the server says them, where they are not those of the form. */
const NAMES: Readonly<Record<string, keyof Form>> = { enabled: 'aiEnabled' };

/** The server's faults at the fields of the form; under an empty name those of none. */
export function faultsByField(details: readonly { field: string; issue: string }[]): ReadonlyMap<keyof Form | '', string> {
  const faults = new Map<keyof Form | '', string>();
  for (const { field, issue } of details) {
    const last = field.split(/[.[\]\d]+/).findLast(Boolean);
    const name = (last && NAMES[last]) ?? last;
    const at = name && name in DEFAULTS ? (name as keyof Form) : '';
    faults.set(at, [faults.get(at), at === '' ? `${field} ${issue}` : issue].filter(Boolean).join('; '));
  }
  return faults;
}
