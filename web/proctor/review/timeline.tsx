import { type CSSProperties, memo, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { SEVERITIES } from '../session/model.ts';
import { SeverityShape } from '../severity.tsx';
import { covered, type Stretch } from './clips.ts';
import { Lanes, percent, share } from './lanes.tsx';
import { TRACKS } from './model.ts';
import { grouped, isWarning, type Moment, type WarningMoment, windowOf } from './moments.ts';
import styles from './timeline.module.css';
import { useChoice, usePlayerTime, useReview, useReviewState, useTimes, useTypeWords } from './use-review.ts';

/** Seconds that are shown; null for all. */
const ZOOMS = [null, 3_600, 600, 120] as const;
/** As WCAG 2.2 asks of what is clicked. */
const TARGET_PX = 24;
/** With a number beside the mark. */
const GROUP_PX = 40;

function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!ref.current) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}

/**
 * Where everything is in time, for pointers: one lane per track, what the software saw, warnings, and the rest. Keyboards and screen
 * readers have the same in the list and the slider.
 */
export function Timeline() {
  const t = useTranslations('review');
  const { range, clips, moments } = useReviewState();
  const [zoom, setZoom] = useState<number | null>(null);
  const lanes = useRef<HTMLDivElement>(null);
  const width = useWidth(lanes);
  const at = usePlayerTime();
  const { from, to } = windowOf(range, zoom, at);
  // The lanes are drawn again when the window changes, not while the player runs in it.
  const shown = useMemo(() => ({ from, to }), [from, to]);
  const warnings = useMemo(() => moments.filter(isWarning), [moments]);
  const tracks = useMemo(
    () =>
      TRACKS.map((type) => ({
        type,
        stretches: covered(clips[type]),
        gaps: moments.filter((one) => one.kind === 'gap' && one.track === type),
      })),
    [clips, moments],
  );
  const name = { WEBCAM: t('camera'), SCREEN: t('screen') };
  const all = (range.to - range.from) / 1_000;
  const zooms = ZOOMS.filter((seconds) => seconds === null || seconds < all);
  return (
    <section className={styles['timeline']} aria-label={t('timeline.title')}>
      {zooms.length > 1 && (
        <label className={styles['zoom']}>
          {t('timeline.zoom')}{' '}
          <select value={zoom ?? ''} onChange={({ target }) => setZoom(target.value === '' ? null : Number(target.value))}>
            {zooms.map((seconds) => (
              <option key={seconds} value={seconds ?? ''}>
                {seconds === null ? t('timeline.all') : t('timeline.part', { minutes: seconds / 60 })}
              </option>
            ))}
          </select>
        </label>
      )}
      <div className={styles['grid']} aria-hidden="true">
        <div className={styles['names']}>
          <span>{name.WEBCAM}</span>
          <span>{name.SCREEN}</span>
          <span>{t('timeline.seen')}</span>
          <span className={styles['tall']}>{t('timeline.warnings')}</span>
          <span className={styles['tall']}>{t('timeline.other')}</span>
          <span />
        </div>
        <Lanes ref={lanes} shown={shown}>
          {tracks.map(({ type, stretches, gaps }) => (
            <Coverage key={type} shown={shown} width={width} stretches={stretches} gaps={gaps} />
          ))}
          <Seen shown={shown} moments={moments} />
          <Warnings shown={shown} width={width} warnings={warnings} />
          <Others shown={shown} width={width} moments={moments} />
          <Scale shown={shown} width={width} />
          <Playhead shown={shown} at={at} />
        </Lanes>
      </div>
    </section>
  );
}

/** Where a stretch is in a lane; null if it is not in the window. */
function placed(stretch: Stretch, shown: Stretch): CSSProperties | null {
  if (stretch.to < shown.from || stretch.from > shown.to) return null;
  const start = Math.max(0, share(stretch.from, shown));
  const end = Math.min(1, share(stretch.to, shown));
  return { insetInlineStart: percent(start), inlineSize: percent(Math.max(0, end - start)) };
}

/** Wide enough for words, in pixels. */
const WORDS_PX = 90;

const Coverage = memo(function Coverage({
  shown,
  width,
  stretches,
  gaps,
}: {
  shown: Stretch;
  width: number;
  stretches: readonly Stretch[];
  gaps: readonly Moment[];
}) {
  const t = useTranslations('review');
  return (
    <div className={styles['lane']}>
      {stretches.map((stretch) => {
        const style = placed(stretch, shown);
        return style && <div key={stretch.from} className={styles['there']} style={style} />;
      })}
      {gaps.map((gap) => {
        const style = placed(gap, shown);
        if (!style || gap.kind !== 'gap') return null;
        const cause = t('cause', { cause: gap.cause });
        const isWide = (Number.parseFloat(String(style.inlineSize)) / 100) * width > WORDS_PX;
        return (
          <div key={gap.key} className={styles['gap']} style={style} title={cause}>
            {isWide && <span>{cause}</span>}
          </div>
        );
      })}
    </div>
  );
});

const Seen = memo(function Seen({ shown, moments }: { shown: Stretch; moments: readonly Moment[] }) {
  const inWords = useTypeWords();
  return (
    <div className={styles['lane']}>
      {moments.map((moment) => {
        const style = moment.kind === 'segment' ? placed(moment, shown) : null;
        if (!style || moment.kind !== 'segment') return null;
        return <div key={moment.key} className={styles['seen']} data-track={moment.track} style={style} title={inWords(moment.type)} />;
      })}
    </div>
  );
});

const Warnings = memo(function Warnings({ shown, width, warnings }: { shown: Stretch; width: number; warnings: readonly WarningMoment[] }) {
  const t = useTranslations('review.timeline');
  const inWords = useTypeWords();
  const { clock } = useTimes();
  const { chosen, choose } = useChoice();
  const near = warnings.filter(({ from }) => from >= shown.from && from <= shown.to);
  const places = near.map(({ from }) => share(from, shown) * width);
  const groups = grouped(places, GROUP_PX).map((indexes) => indexes.flatMap((index) => near[index] ?? []));
  return (
    <div className={`${styles['lane']} ${styles['tall']}`}>
      {groups.map((group) => {
        const [first] = group;
        if (!first) return null;
        const worst = group.toSorted((a, b) => SEVERITIES.indexOf(a.warning.severity) - SEVERITIES.indexOf(b.warning.severity))[0] ?? first;
        const at = group.findIndex(({ key }) => key === chosen);
        // A second click on several goes to the next of them.
        const next = group[(at + 1) % group.length] ?? first;
        const isDone = group.every(({ warning }) => warning.review?.decision === 'DISMISSED');
        const title =
          group.length > 1
            ? t('several', { count: group.length, time: clock(first.from) })
            : `${clock(first.from)} ${inWords(first.warning.type)}`;
        return (
          <button
            key={first.key}
            type="button"
            tabIndex={-1}
            className={styles['mark']}
            data-chosen={at >= 0}
            data-done={isDone}
            style={{ insetInlineStart: percent(share(first.from, shown)) }}
            title={title}
            onClick={() => choose(next.key)}
          >
            <SeverityShape severity={worst.warning.severity} />
            {group.length > 1 && <span className={styles['count']}>{group.length}</span>}
          </button>
        );
      })}
    </div>
  );
});

const Others = memo(function Others({ shown, width, moments }: { shown: Stretch; width: number; moments: readonly Moment[] }) {
  const t = useTranslations('review');
  const { player } = useReview();
  const notes = moments.filter(
    (one) => (one.kind === 'message' || one.kind === 'credit') && one.from >= shown.from && one.from <= shown.to,
  );
  const places = notes.map(({ from }) => share(from, shown) * width);
  const { clock } = useTimes();
  return (
    <div className={`${styles['lane']} ${styles['tall']}`}>
      {moments.map((moment) => {
        const style = moment.kind === 'pause' ? placed(moment, shown) : null;
        return style && <div key={moment.key} className={styles['pause']} style={style} title={t('list.pause')} />;
      })}
      {grouped(places, TARGET_PX).map((indexes) => {
        const first = notes[indexes[0] ?? 0];
        if (!first) return null;
        const title =
          first.kind === 'message'
            ? first.message.text
            : first.kind === 'credit'
              ? t('list.credit', { minutes: first.minutes, reason: first.reason })
              : '';
        return (
          <button
            key={first.key}
            type="button"
            tabIndex={-1}
            className={styles['mark']}
            style={{ insetInlineStart: percent(share(first.from, shown)) }}
            title={`${clock(first.from)} ${title}`}
            onClick={() => player.seek(first.from)}
          >
            <span className={styles['note']}>{indexes.length > 1 ? indexes.length : first.kind === 'credit' ? '+' : '“'}</span>
          </button>
        );
      })}
    </div>
  );
});

/** Seconds between two lines of the scale. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
const LABEL_PX = 80;

function Scale({ shown, width }: { shown: Stretch; width: number }) {
  const { clock } = useTimes();
  if (width === 0) return <div className={styles['scale']} />;
  const seconds = (shown.to - shown.from) / 1_000;
  const step = (STEPS.find((one) => (one / seconds) * width >= LABEL_PX) ?? seconds) * 1_000;
  const lines: number[] = [];
  for (let at = Math.ceil(shown.from / step) * step; at <= shown.to; at += step)
    if ((1 - share(at, shown)) * width > LABEL_PX - 16) lines.push(at);
  return (
    <div className={styles['scale']}>
      {lines.map((at) => (
        <span key={at} style={{ insetInlineStart: percent(share(at, shown)) }}>
          {clock(at)}
        </span>
      ))}
    </div>
  );
}

function Playhead({ shown, at }: { shown: Stretch; at: number }) {
  if (at < shown.from || at > shown.to) return null;
  return <div className={styles['playhead']} style={{ insetInlineStart: percent(share(at, shown)) }} />;
}
