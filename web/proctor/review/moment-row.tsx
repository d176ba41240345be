import { memo } from 'react';
import { useTranslations } from 'use-intl';
import { Hidden } from '../../shared/parts.tsx';
import { SeverityShape } from '../severity.tsx';
import styles from './moment-list.module.css';
import { isWarning, type Moment } from './moments.ts';
import { useChoice, useDuration, useReview, useTimes, useTypeWords } from './use-review.ts';

interface Props {
  moment: Moment;
  isCurrent: boolean;
  isSelected: boolean;
  onSelect(key: string, isOn: boolean): void;
}

export const MomentRow = memo(function MomentRow({ moment, isCurrent, isSelected, onSelect }: Props) {
  const t = useTranslations('review.list');
  const { player } = useReview();
  const { chosen, choose } = useChoice();
  const { clock } = useTimes();
  const inWords = useMomentWords();
  const time = clock(moment.from);
  const what = inWords(moment);
  const isOpen = chosen === moment.key;
  const warning = isWarning(moment) ? moment.warning : null;
  const isUsers = moment.kind === 'message' || moment.kind === 'credit';
  return (
    <li
      className={styles['row']}
      data-kind={moment.kind}
      data-decision={warning?.review?.decision}
      data-chosen={isOpen}
      aria-current={isCurrent || undefined}
    >
      {warning ? (
        <label className={styles['check']}>
          <input
            type="checkbox"
            checked={isSelected}
            onChange={({ target }) => onSelect(moment.key, target.checked)}
            aria-label={t('select', { what, time })}
          />
        </label>
      ) : (
        <span />
      )}
      <button
        type="button"
        className={styles['open']}
        aria-pressed={warning ? isOpen : undefined}
        onClick={() => (warning ? choose(moment.key) : player.seek(moment.from))}
      >
        <span className={styles['time']}>{time}</span>
        <span className={styles['icon']}>{warning && <SeverityShape severity={warning.severity} />}</span>
        <span className={styles['what']} dir={isUsers ? 'auto' : undefined}>
          {what}
        </span>
        {warning && <State moment={moment} />}
        {isCurrent && <Hidden>{t('now')}</Hidden>}
      </button>
    </li>
  );
});

/** Severity and decision, each in a word. */
function State({ moment }: { moment: Moment }) {
  const t = useTranslations();
  if (!isWarning(moment)) return null;
  const { severity, review } = moment.warning;
  const decision = review === null ? 'undecided' : review.decision === 'CONFIRMED' ? 'confirmed' : 'dismissed';
  return (
    <span className={styles['state']}>
      <span>{t(`severity.${severity}`)}</span>
      <span className={styles[decision]}>{t(`review.list.${decision}`)}</span>
    </span>
  );
}

function useMomentWords() {
  const t = useTranslations('review');
  const typeWords = useTypeWords();
  const inWords = useDuration();
  return (moment: Moment): string => {
    const seconds = (moment.to - moment.from) / 1_000;
    const lasts = seconds >= 1 ? `, ${t('list.lasts', { duration: inWords(seconds) })}` : '';
    switch (moment.kind) {
      case 'warning':
        return typeWords(moment.warning.type) + lasts;
      case 'segment':
        return t('list.segment', { what: typeWords(moment.type) }) + lasts;
      case 'message':
        return t('list.message', { from: moment.message.from, by: moment.message.by, text: moment.message.text });
      case 'gap':
        return `${t(moment.track === 'WEBCAM' ? 'camera' : 'screen')}: ${t('cause', { cause: moment.cause })}${lasts}`;
      case 'pause':
        return t('list.pause') + lasts;
      case 'credit':
        return t('list.credit', { minutes: moment.minutes, reason: moment.reason });
      default:
        return '';
    }
  };
}
