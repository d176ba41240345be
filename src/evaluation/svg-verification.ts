import { COLOURS, dot, frame, grid, line, picture, polyline, text } from './svg.ts';
import type { Bin, RocPoint } from './verification-figures.ts';

/** Lower ends of the axes: the false match rate (logarithmic) and the true positive rate. */
const LEAST_FMR = 1e-4;
const LEAST_TPR = 0.8;

const clamp = (value: number) => Math.min(1, Math.max(0, value));
const ofFmr = (fmr: number) => clamp(1 - Math.log10(Math.max(fmr, LEAST_FMR)) / Math.log10(LEAST_FMR));
const ofTpr = (tpr: number) => clamp((tpr - LEAST_TPR) / (1 - LEAST_TPR));

/** True against false matches by confidence alone, and the operating point of the product. */
export function drawRoc(points: readonly RocPoint[], chosen: RocPoint): string {
  const steps = points.filter(({ fmr }, index) => fmr !== points[index + 1]?.fmr);
  return picture('Verification: true pairs verified against strangers verified', frame.height, [
    ...grid(
      [1e-4, 1e-3, 1e-2, 1e-1, 1].map((fmr) => ({ at: ofFmr(fmr), label: String(fmr) })),
      [0.8, 0.85, 0.9, 0.95, 1].map((tpr) => ({ at: ofTpr(tpr), label: tpr.toFixed(2) })),
    ),
    polyline(
      steps.map(({ fmr, tpr }) => [frame.x(ofFmr(fmr)), frame.y(ofTpr(tpr))]),
      COLOURS.first,
    ),
    dot(frame.x(ofFmr(chosen.fmr)), frame.y(ofTpr(chosen.tpr)), COLOURS.second),
    line([frame.x(0.36), frame.y(0.25)], [frame.x(0.4), frame.y(0.25)], { colour: COLOURS.first }),
    text(frame.x(0.42), frame.y(0.24), 'any threshold on the confidence, ignoring warnings'),
    dot(frame.x(0.38), frame.y(0.18), COLOURS.second),
    text(frame.x(0.42), frame.y(0.17), 'the actual decision: several faces or two poor pictures block'),
    text(frame.x(0.5), frame.bottom + 40, 'share of strangers verified (FMR)', { anchor: 'middle' }),
  ]);
}

/** For each range of confidence, the share of pairs that really are one person. Dots grow with the number of pairs. */
export function drawReliability(bins: readonly Bin[], ece: number): string {
  const filled = bins.filter(({ pairs }) => pairs > 0);
  const tenths = [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => ({ at, label: at.toFixed(1) }));
  return picture(`Verification: is the confidence right? (expected calibration error ${ece.toFixed(4)})`, frame.height, [
    ...grid(tenths, tenths),
    line([frame.x(0), frame.y(0)], [frame.x(1), frame.y(1)], { colour: COLOURS.third, dashed: true }),
    ...filled.flatMap(({ confidence, genuine, pairs }) => [
      dot(frame.x(confidence), frame.y(genuine), COLOURS.first, 3 + Math.log10(pairs) * 2),
      text(frame.x(confidence) + (confidence > 0.9 ? -14 : 12), frame.y(genuine) + (genuine > 0.5 ? 18 : -10), `${pairs}`, {
        anchor: confidence > 0.9 ? 'end' : 'start',
      }),
    ]),
    text(frame.x(0.5), frame.bottom + 40, 'mean confidence of the pairs in each tenth (labelled with the number of pairs)', {
      anchor: 'middle',
    }),
  ]);
}
