import { describe, expect, it } from 'vitest';
import { allClips, clipAt, covered, momentIn, nextCovered, positionIn } from '../../../web/proctor/review/clips.ts';

const T = Date.parse('2026-11-28T10:00:00Z');
const at = (seconds: number) => T + seconds * 1_000;
const span = (from: number, offsetSeconds: number, seconds: number) => ({
  startedAt: new Date(at(from)).toISOString(),
  offsetSeconds,
  seconds,
});
const recording = (id: string, spans: ReturnType<typeof span>[], more: object = {}) => ({
  id,
  type: 'WEBCAM' as const,
  createdAt: new Date(T).toISOString(),
  startedAt: null,
  duration: null,
  spans,
  ...more,
});

describe('the time of a recording', () => {
  it('finds the place in the file of each moment, also behind a gap', () => {
    const { WEBCAM: clips } = allClips([recording('a', [span(0, 0, 10), span(70, 10, 5)])]);
    const placeAt = (seconds: number) => {
      const clip = clipAt(clips, at(seconds));
      return clip && positionIn(clip, at(seconds));
    };
    expect([0, 9.5, 10, 69, 70, 74.5, 75].map(placeAt)).toEqual([0, 9.5, null, null, 10, 14.5, null]);
  });

  it('finds when each second of the file was recorded', () => {
    const { WEBCAM: clips } = allClips([recording('a', [span(0, 0, 10), span(70, 10, 5)])]);
    expect([0, 9, 10, 12].map((seconds) => momentIn(clips, 'a', seconds))).toEqual([at(0), at(9), at(70), at(72)]);
    expect(momentIn(clips, 'b', 1)).toBeNull();
  });

  it('is one piece from its beginning where nothing more is known', () => {
    const { WEBCAM } = allClips([recording('a', [], { startedAt: new Date(at(5)).toISOString(), duration: 20 })]);
    expect(WEBCAM).toEqual([{ recordingId: 'a', from: at(5), to: at(25), offset: 0 }]);
    expect(allClips([recording('live', [])]).WEBCAM).toEqual([]);
  });

  it('stays with the recording that plays where two overlap, and begins with the one that goes on for longest', () => {
    const { WEBCAM: clips } = allClips([recording('a', [span(0, 0, 10)]), recording('b', [span(8, 0, 10)])]);
    expect(clipAt(clips, at(9))?.recordingId).toBe('b');
    expect(clipAt(clips, at(9), 'a')?.recordingId).toBe('a');
    expect(clipAt(clips, at(10), 'a')?.recordingId).toBe('b');
  });
});

describe('what was recorded', () => {
  const { WEBCAM: clips } = allClips([recording('a', [span(0, 0, 10)]), recording('b', [span(9, 0, 3), span(60, 3, 5)])]);
  it('is joined where recordings follow each other or overlap', () => {
    expect(covered(clips)).toEqual([
      { from: at(0), to: at(12) },
      { from: at(60), to: at(65) },
    ]);
  });

  it('goes on after a gap, or not at all', () => {
    expect([-5, 3, 12, 64].map((seconds) => nextCovered(clips, at(seconds)))).toEqual([at(0), at(3), at(60), at(64)]);
    expect(nextCovered(clips, at(65))).toBeNull();
  });
});
