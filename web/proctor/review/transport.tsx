import { createRef, type FormEvent, useId, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button } from '../../shared/parts.tsx';
import { momentByClock, nextWarning } from './moments.ts';
import { type Shows, SPEEDS } from './player.ts';
import styles from './transport.module.css';
import { useChoice, useDuration, usePlayer, usePlayerTime, useReview, useReviewState, useTimes } from './use-review.ts';

/** For the key that goes there. */
export const timeField = createRef<HTMLInputElement>();

const JUMP_MS = 10_000;

/** What the buttons and the keys do alike. */
export function useTransport() {
  const { player, state } = useReview();
  const { choose } = useChoice();
  const within = (at: number) => {
    const { range } = state.get();
    return Math.min(range.to, Math.max(range.from, at));
  };
  return {
    toggle: () => player.play(!player.state.get().isPlaying),
    jump: (direction: 1 | -1) => player.seek(within(player.clock() + direction * JUMP_MS)),
    toWarning(direction: 1 | -1) {
      const found = nextWarning(state.get().moments, player.clock(), direction);
      if (found) choose(found.key);
    },
    faster(by: 1 | -1) {
      const at = SPEEDS.findIndex((speed) => speed === player.state.get().speed);
      const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))];
      if (next !== undefined) player.setSpeed(next);
    },
  };
}

export function Transport() {
  const t = useTranslations('review.play');
  const { player } = useReview();
  const { isPlaying, speed, shows, hasSound } = usePlayer();
  const { moments } = useReviewState();
  const act = useTransport();
  const format = useFormatter();
  const at = usePlayerTime();
  const has = (direction: 1 | -1) => nextWarning(moments, at, direction) !== null;
  const camera = useTranslations('review');
  const [isWrong, setWrong] = useState(false);
  return (
    <section className={styles['transport']} aria-label={t('player')}>
      <Scrubber />
      <div className={styles['row']}>
        <div className={styles['buttons']}>
          <Button disabled={!has(-1)} onClick={() => act.toWarning(-1)} aria-label={t('before')} title={t('before')}>
            <Glyph d="M4 4v12M16 4l-9 6 9 6z" />
          </Button>
          <Button onClick={() => act.jump(-1)} aria-label={t('back')} title={t('back')}>
            <span aria-hidden="true">−10</span>
          </Button>
          <Button
            look="primary"
            className={styles['play']}
            onClick={act.toggle}
            aria-label={t(isPlaying ? 'pause' : 'play')}
            title={t(isPlaying ? 'pause' : 'play')}
          >
            <Glyph d={isPlaying ? 'M5 3h4v14H5zM11 3h4v14h-4z' : 'M5 3l12 7-12 7z'} />
          </Button>
          <Button onClick={() => act.jump(1)} aria-label={t('on')} title={t('on')}>
            <span aria-hidden="true">+10</span>
          </Button>
          <Button disabled={!has(1)} onClick={() => act.toWarning(1)} aria-label={t('after')} title={t('after')}>
            <Glyph d="M16 4v12M4 4l9 6-9 6z" />
          </Button>
        </div>
        <Clock />
        <GoTo isWrong={isWrong} onGone={setWrong} />
        <div className={styles['settings']}>
          <label className={styles['choice']}>
            <span>{t('speed')}</span>
            <select value={speed} onChange={({ target }) => player.setSpeed(Number(target.value))}>
              {SPEEDS.map((one) => (
                <option key={one} value={one}>
                  {format.number(one)}×
                </option>
              ))}
            </select>
          </label>
          <label className={styles['choice']}>
            <span>{t('show')}</span>
            <select value={shows} onChange={({ target }) => player.show(target.value as Shows)}>
              <option value="both">{t('both')}</option>
              <option value="WEBCAM">{camera('camera')}</option>
              <option value="SCREEN">{camera('screen')}</option>
            </select>
          </label>
          <label className={styles['choice']}>
            <input type="checkbox" checked={hasSound} onChange={({ target }) => player.setSound(target.checked)} />
            <span>{t('sound')}</span>
          </label>
        </div>
      </div>
      <Told isWrong={isWrong} />
    </section>
  );
}

const Glyph = ({ d }: { d: string }) => (
  <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" className={styles['glyph']}>
    <path d={d} />
  </svg>
);

function Clock() {
  const { clock } = useTimes();
  const at = usePlayerTime();
  return (
    <p className={styles['clock']} data-testid="player-time">
      {clock(at)}
    </p>
  );
}

/** For keyboard and screen reader; the lanes below are for pointers. */
function Scrubber() {
  const t = useTranslations('review.play');
  const { player } = useReview();
  const { range } = useReviewState();
  const { clock } = useTimes();
  const at = usePlayerTime();
  return (
    <input
      type="range"
      className={styles['scrubber']}
      aria-label={t('position')}
      aria-valuetext={t('at', { time: clock(at) })}
      min={range.from}
      max={range.to}
      step={1_000}
      value={Math.min(range.to, Math.max(range.from, at))}
      onChange={({ target }) => player.seek(Number(target.value))}
    />
  );
}

/** Where `GoTo` says that there is no such time. */
const WRONG_ID = 'review-not-then';

function GoTo({ isWrong, onGone }: { isWrong: boolean; onGone(isWrong: boolean): void }) {
  const t = useTranslations('review.play');
  const { player } = useReview();
  const { range } = useReviewState();
  const id = useId();
  const [text, setText] = useState('');
  const go = (event: FormEvent) => {
    event.preventDefault();
    const moment = momentByClock(text, range);
    onGone(moment === null);
    if (moment !== null) player.seek(moment);
  };
  return (
    <form className={styles['goTo']} onSubmit={go}>
      <label htmlFor={id}>{t('goTo')}</label>
      <input
        id={id}
        ref={timeField}
        className={styles['time']}
        value={text}
        placeholder="10:41"
        autoComplete="off"
        title={t('goToHint', { example: '10:41' })}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? WRONG_ID : undefined}
        onChange={({ target }) => {
          setText(target.value);
          onGone(false);
        }}
      />
      <Button type="submit">{t('go')}</Button>
    </form>
  );
}

/** What the player does by itself. */
function Told({ isWrong }: { isWrong: boolean }) {
  const t = useTranslations('review.play');
  const { skipped, isAtEnd } = usePlayer();
  const { range } = useReviewState();
  const { clock } = useTimes();
  const inWords = useDuration();
  return (
    <p role="status" className={styles['told']}>
      {isWrong && (
        <span className={styles['wrong']} id={WRONG_ID}>
          {t('notThen', { from: clock(range.from), to: clock(range.to) })}
        </span>
      )}
      {!isWrong && !isAtEnd && skipped && t('skipped', { duration: inWords((skipped.to - skipped.from) / 1_000), time: clock(skipped.to) })}
      {!isWrong && isAtEnd && t('end')}
    </p>
  );
}
