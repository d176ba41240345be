import { useState } from 'react';
import { clipAt, positionIn } from './clips.ts';
import { TRACKS, type TrackType } from './model.ts';
import styles from './preview.module.css';
import { usePerson, useReview, useReviewState, useTimes } from './use-review.ts';

/** What was recorded at a moment, small, above the pointer. @param place where that is in the lanes, 0..1 */
export function Preview({ at, place }: { at: number; place: number }) {
  const { clock } = useTimes();
  return (
    <div className={styles['preview']} style={{ insetInlineStart: `clamp(5rem, ${place * 100}%, 100% - 10.5rem)` }}>
      <span className={styles['pictures']}>
        {TRACKS.map((type) => (
          <Thumbnail key={type} type={type} at={at} />
        ))}
      </span>
      <span>{clock(at)}</span>
    </div>
  );
}

/** One picture of the strip that the server made of the recording. */
function Thumbnail({ type, at }: { type: TrackType; at: number }) {
  const session = useReview();
  const { clips } = useReviewState();
  const { recordings } = usePerson();
  const [size, setSize] = useState<{ url: string; height: number } | null>(null);
  const clip = clipAt(clips[type], at);
  const strip = clip && recordings.find(({ id }) => id === clip.recordingId)?.thumbnails;
  if (!clip || !strip) return null;
  const index = Math.min(strip.count - 1, Math.max(0, Math.floor(positionIn(clip, at) / strip.everySeconds)));
  const height = size?.url === strip.url ? size.height / strip.rows : 0;
  const shift = `${-(index % strip.columns) * strip.width}px ${-Math.floor(index / strip.columns) * height}px`;
  return (
    <span className={styles['frame']} style={{ inlineSize: strip.width, blockSize: height }}>
      <img
        className={styles['strip']}
        style={{ translate: shift }}
        src={session.here(strip.url)}
        alt=""
        onLoad={({ currentTarget }) => setSize({ url: strip.url, height: currentTarget.naturalHeight })}
      />
    </span>
  );
}
