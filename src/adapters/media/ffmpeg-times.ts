/**
 * An expression of ffmpeg's bitstream filter `setts`: where the decoding time of a stream goes back, what follows comes right
 * after what was before, and keeps its distances. Commas are escaped for the option's own syntax.
 */
const forward = String.raw`if(N\,if(lt(DTS\,PREV_INDTS)\,PREV_OUTDTS+max(DURATION\,1)\,PREV_OUTDTS+DTS-PREV_INDTS)\,DTS)`;
const filter = `setts=dts=${forward}:pts=${forward}+PTS-DTS`;

/** Output options for copied streams, of a build that has `setsTimes`. */
export const FORWARD_ONLY = ['-bsf:v', filter, '-bsf:a', filter];

/** The complaint of a muxer about a packet whose time is before that of the previous one; null for other lines. */
export function readTurn(line: string): { stream: number; ticks: number } | null {
  const found = /Non-monoton\w+ DTS.*? stream \d+:(\d+); previous: (-?\d+), current: (-?\d+);/.exec(line);
  if (!found) return null;
  const [stream = 0, previous = 0, current = 0] = found.slice(1).map(Number);
  return { stream, ticks: previous - current };
}
