const WIDTH = 720;
const INK = '#222';
const PALE = '#ddd';
export const COLOURS = { first: '#2563a8', second: '#c2410c', third: '#6b7280', fourth: '#a16207' };

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const round = (value: number) => Math.round(value * 10) / 10;

export interface TextOptions {
  size?: number;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
}

export const text = (x: number, y: number, words: string, { size = 12, anchor = 'start', bold = false }: TextOptions = {}) =>
  `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}"${bold ? ' font-weight="bold"' : ''}>${escapeText(words)}</text>`;

export const line = (from: readonly [number, number], to: readonly [number, number], options: { colour?: string; dashed?: boolean } = {}) =>
  `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${options.colour ?? PALE}"${options.dashed ? ' stroke-dasharray="4 4"' : ''}/>`;

export const rectangle = (x: number, y: number, width: number, height: number, colour: string) =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${round(Math.max(0, height))}" fill="${colour}"/>`;

export const dot = (x: number, y: number, colour: string, radius = 4) =>
  `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${colour}"/>`;

export const polyline = (points: readonly (readonly [number, number])[], colour: string) =>
  `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`;

/** A whole picture on white, so that it can be read on a dark page too. */
export function picture(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" fill="${INK}" role="img" aria-label="${escapeText(title)}">`,
    rectangle(0, 0, WIDTH, height, '#fff'),
    text(20, 26, title, { size: 15, bold: true }),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A square-cornered plot area and how values map onto it. */
export const frame = {
  left: 70,
  right: WIDTH - 30,
  top: 50,
  bottom: 380,
  height: 430,
  x: (part: number) => frame.left + part * (frame.right - frame.left),
  y: (part: number) => frame.bottom - part * (frame.bottom - frame.top),
};

/** Grid lines with their labels; `at` is 0..1 along the axis. */
export function grid(xs: readonly { at: number; label: string }[], ys: readonly { at: number; label: string }[]): string[] {
  return [
    ...xs.flatMap(({ at, label }) => [
      line([frame.x(at), frame.top], [frame.x(at), frame.bottom]),
      text(frame.x(at), frame.bottom + 18, label, { anchor: 'middle' }),
    ]),
    ...ys.flatMap(({ at, label }) => [
      line([frame.left, frame.y(at)], [frame.right, frame.y(at)]),
      text(frame.left - 8, frame.y(at) + 4, label, { anchor: 'end' }),
    ]),
  ];
}
