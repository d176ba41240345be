import type { AnalysisOutcome } from '../services/analysis/analyse.ts';

const WIDTH = 50;
const BAR_WIDTH = 24;
const LABEL_WIDTH = 16;
/** How much of a timeline cell is covered, from none to all. */
const SHADES = [' ', '░', '▒', '▓', '█'];

/** A bar of `fraction`, 0..1, with its percentage. */
export function drawBar(fraction: number): string {
  const done = Math.round(fraction * BAR_WIDTH);
  return `[${'='.repeat(done)}${' '.repeat(BAR_WIDTH - done)}] ${percent(fraction)}`;
}

/** What an analysis found, for people: shares, timeline and warnings. @param seconds how long the analysis took */
export function drawOutcome(name: string, outcome: AnalysisOutcome, seconds: number): string {
  const { duration, sampledFrames, warnings } = outcome;
  const pace = seconds > 0 ? ` · ${(duration / seconds).toFixed(1)}× real time` : '';
  const lines = [
    `${name}  ${clock(duration)} · ${sampledFrames} frames${pace}`,
    '',
    ...sharesOf(outcome).map(([type, share]) => drawRow(type, share, outcome)),
    drawAxis(duration),
    '',
    ...(warnings.length > 0 ? ['Warnings, for a person to judge:'] : ['No warnings.']),
    ...warnings.map(
      ({ type, startSeconds, details, confidence }) =>
        `  ${clock(startSeconds)}  ${labelOf(type)}  ${details}${confidence === null ? '' : ` (${percent(confidence).trim()})`}`,
    ),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** Segment types with their share of the whole; null if a type could not be measured. */
function sharesOf({ faceDetection, suspiciousActivity, screen }: AnalysisOutcome): [string, number | null][] {
  return [
    ...(faceDetection
      ? ([
          ['face_present', faceDetection.facePresent],
          ['multiple_faces', faceDetection.multipleFaces],
          ['no_face', faceDetection.noFace],
        ] as [string, number][])
      : []),
    ...(suspiciousActivity
      ? ([
          ['phone_usage', suspiciousActivity.phoneUsage],
          ['looking_away', suspiciousActivity.lookingAway],
          ['talking', suspiciousActivity.talking],
        ] as [string, number | null][])
      : []),
    ...(screen
      ? ([
          ['screen_idle', screen.idle],
          ['screen_blank', screen.blank],
        ] as [string, number][])
      : []),
  ];
}

function drawRow(type: string, share: number | null, { segments, duration }: AnalysisOutcome): string {
  const cell = duration / WIDTH;
  // A black screen is a blank one, too.
  const isOwn = (other: string) => other === type || (type === 'screen_blank' && other === 'screen_black');
  const own = segments.filter((segment) => isOwn(segment.type));
  const line = Array.from({ length: WIDTH }, (_, at) => {
    const [from, to] = [at * cell, (at + 1) * cell];
    const covered = own.reduce(
      (sum, { startSeconds, endSeconds }) => sum + Math.max(0, Math.min(to, endSeconds) - Math.max(from, startSeconds)),
      0,
    );
    // Round up, so that even the shortest segment shows.
    return SHADES[Math.ceil(Math.min(1, covered / cell) * (SHADES.length - 1) - 1e-9)];
  }).join('');
  return `  ${labelOf(type).padEnd(LABEL_WIDTH)} ${share === null ? 'no sound' : percent(share).padStart(8)} │${line}│`;
}

function drawAxis(duration: number): string {
  const [start, middle, end] = [clock(0), clock(duration / 2), clock(duration)];
  const half = Math.floor(WIDTH / 2);
  const left = `${start.padEnd(half - Math.floor(middle.length / 2))}${middle}`;
  return `${' '.repeat(LABEL_WIDTH + 13)}${left.padEnd(WIDTH - end.length)}${end}`;
}

const labelOf = (type: string) => type.replaceAll('_', ' ');
/** Rounded to a tenth, but never to certainty: only 1 is 100 %, and only 0 is 0 %. */
export function formatPercent(share: number): string {
  const rounded = share > 0 && share < 1 ? Math.min(99.9, Math.max(0.1, share * 100)) : share * 100;
  return `${rounded.toFixed(1)} %`;
}

const percent = (share: number) => formatPercent(share).padStart(7);

/** `1:02:03`, or `2:03` below an hour. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
