import type { Sensitivity } from '../../services/analysis/sign-track.ts';
import type { Figure } from '../section.ts';
import { COLOURS, line, picture, rectangle, text } from '../svg.ts';

interface Level {
  sensitivity: Sensitivity;
  /** Warnings above LOW per honest hour. */
  perHour: number;
  /** One figure per kind of episode. */
  recall: readonly Figure[];
}

const LEFT = 180;
const WIDTH = 420;
const BAR = 9;
const ROW = 42;
const TOP = 110;
const INKS = [COLOURS.third, COLOURS.first, COLOURS.second];

/** Horizontal bars: what share of the episodes of each kind is found at each sensitivity, with the interval where there is one. */
export function drawRaised(levels: readonly Level[], kinds: readonly string[]): string {
  const height = TOP + kinds.length * ROW + 20;
  const x = (value: number) => LEFT + value * WIDTH;
  return picture('Episodes found in simulated sittings', height, [
    ...levels.flatMap(({ sensitivity, perHour }, index) => [
      rectangle(20 + index * 235, 44, 12, 12, INKS[index] ?? COLOURS.first),
      text(38 + index * 235, 54, `${sensitivity}: ${perHour.toFixed(2)} per honest hour`),
    ]),
    text(20, 76, 'per honest hour: warnings above LOW. Lines: 95 % interval, where five or more people or clips show it.', { size: 11 }),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((at) => [
      line([x(at), TOP - 6], [x(at), height - 16]),
      text(x(at), TOP - 10, `${at * 100} %`, { anchor: 'middle', size: 10 }),
    ]),
    ...kinds.flatMap((kind, row) => {
      const y = TOP + row * ROW;
      const of = levels[0]?.recall[row]?.of ?? 0;
      if (of === 0) return [text(LEFT - 10, y + 20, kind, { anchor: 'end' }), text(LEFT + 6, y + 20, 'not labelled', { size: 11 })];
      return [
        text(LEFT - 10, y + 20, kind, { anchor: 'end' }),
        text(LEFT + WIDTH + 12, y + 20, `of ${of}`, { size: 11 }),
        ...levels.flatMap(({ recall }, index) => {
          const figure = recall[row];
          const top = y + 3 + index * (BAR + 2);
          if (!figure) return [];
          return [
            rectangle(LEFT, top, figure.value * WIDTH, BAR, INKS[index] ?? COLOURS.first),
            ...(Number.isNaN(figure.low)
              ? []
              : [line([x(figure.low), top + BAR / 2], [x(figure.high), top + BAR / 2], { colour: '#000' })]),
          ];
        }),
      ];
    }),
  ]);
}
