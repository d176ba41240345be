import type { Share } from './statistics.ts';
import { COLOURS, line, picture, rectangle, text } from './svg.ts';

/** One degradation: shares of true pairs and of strangers verified, of pictures without a face, of pictures with a warning. */
export interface Bar {
  name: string;
  verified: Share;
  passed: Share;
  faceless: Share;
  warned: Share;
}

const LEFT = 150;
const WIDTH = 480;
const ROW = 34;
const TOP = 80;

/** Horizontal bars: TPR with its interval, below it the warnings and the pictures without a face. */
export function drawBars(bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 20;
  const x = (value: number) => LEFT + value * WIDTH;
  return picture('Verification of a degraded picture against a good reference', height, [
    rectangle(20, 44, 12, 12, COLOURS.first),
    text(38, 54, 'true pairs verified'),
    rectangle(180, 44, 12, 12, COLOURS.fourth),
    text(198, 54, 'warning of low quality'),
    rectangle(360, 44, 12, 12, COLOURS.third),
    text(378, 54, 'no face found'),
    text(490, 54, 'right: strangers verified'),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((at) => [
      line([x(at), TOP - 6], [x(at), height - 16]),
      text(x(at), TOP - 10, `${at * 100} %`, { anchor: 'middle', size: 10 }),
    ]),
    ...bars.flatMap(({ name, verified, passed, faceless, warned }, index) => {
      const y = TOP + index * ROW;
      return [
        text(LEFT - 10, y + 15, name, { anchor: 'end' }),
        rectangle(LEFT, y + 2, verified.value * WIDTH, 14, COLOURS.first),
        line([x(verified.low), y + 9], [x(verified.high), y + 9], { colour: '#000' }),
        rectangle(LEFT, y + 17, warned.value * WIDTH, 5, COLOURS.fourth),
        rectangle(LEFT, y + 23, faceless.value * WIDTH, 5, COLOURS.third),
        text(LEFT + WIDTH + 12, y + 15, `${(passed.value * 100).toFixed(2)} %`),
      ];
    }),
  ]);
}
