import { questionsOf } from '../session/questions.ts';
import { type ExamFacts, recordsSound } from '../session/room-state.ts';

/** They say that attention went elsewhere, which is where the questions are if these are not in this page. */
const OF_THIS_PAGE = ['tab_switch', 'window_blur', 'fullscreen_exit', 'mouse_left', 'copy_paste'];
const OF_THE_CAMERA = ['camera_stopped', 'device_changed'];

/**
 * The signals that this exam's page reports: those that the settings name, else all that fit. The browser's tools are only guessed at
 * by the size of the window, which is wrong for many, so they must be named.
 */
export function signalsFor(exam: ExamFacts): ReadonlySet<string> {
  const { webcam, screenRecording, signals } = exam.settings;
  if (signals) return new Set(signals);
  return new Set([
    'page_reload',
    'network_lost',
    'network_restored',
    'extra_display',
    'low_battery',
    ...(questionsOf(exam).where === 'framed' ? OF_THIS_PAGE : []),
    ...(webcam ? OF_THE_CAMERA : []),
    ...(recordsSound(exam) ? ['mic_muted'] : []),
    ...(screenRecording ? ['screen_share_stopped'] : []),
  ]);
}
