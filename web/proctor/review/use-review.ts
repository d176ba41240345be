import { createContext, use } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { isOfObjects } from '../../shared/slug.ts';
import { useStore } from '../../shared/store.ts';
import { useTypeLabel } from '../live/labels.ts';
import type { Finding, Reviewed } from './model.ts';
import type { PlayerState } from './player.ts';
import type { ReviewSession, ReviewState } from './session.ts';

export interface Choice {
  /** The warning whose panel is open. */
  chosen: string | null;
  /** Opens the panel of a warning, and goes to its moment. */
  choose(id: string | null): void;
}

const SessionContext = createContext<ReviewSession | null>(null);
export const SessionProvider = SessionContext.Provider;
const ChoiceContext = createContext<Choice>({ chosen: null, choose: () => {} });
export const ChoiceProvider = ChoiceContext.Provider;

export function useReview(): ReviewSession {
  const found = use(SessionContext);
  if (!found) throw new Error('outside of a review');
  return found;
}

export const useReviewState = (): ReviewState => useStore(useReview().state);
export const usePlayer = (): PlayerState => useStore(useReview().player.state);
/** The time of the player, a few times a second; milliseconds since 1970. */
export const usePlayerTime = (): number => useStore(useReview().player.time).at;
export const useChoice = (): Choice => use(ChoiceContext);

/** The person, in views that there are only with one. */
export function usePerson(): Reviewed {
  const { person } = useReviewState();
  if (!person) throw new Error('without a person');
  return person;
}

/** Times of day, in the reader's language and time zone. */
export function useTimes() {
  const format = useFormatter();
  return {
    clock: (at: number | string) => format.dateTime(new Date(at), { timeStyle: 'medium' }),
    full: (at: number | string) => format.dateTime(new Date(at), { dateStyle: 'medium', timeStyle: 'medium' }),
  };
}

/** How long something lasts, in words: `12 s`, `2 min 5 s`, `1 h 3 min`. */
export function useDuration() {
  const t = useTranslations('review');
  return (seconds: number): string => {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return t('seconds', { seconds: whole });
    if (whole < 3_600) return t('minutes', { minutes: Math.floor(whole / 60), seconds: whole % 60 }).trim();
    return t('hours', { hours: Math.floor(whole / 3_600), minutes: Math.floor((whole % 3_600) / 60) }).trim();
  };
}

/** What a type of warning or finding is called; clients may report types that nobody knows. */
export function useTypeWords() {
  const t = useTranslations('review.type');
  const label = useTypeLabel();
  return (type: string): string => (!isOfObjects(type) && t.has(type as never) ? t(type as never) : label(type));
}

export function usePercent() {
  const format = useFormatter();
  return (fraction: number) => format.number(fraction, { style: 'percent', maximumFractionDigits: 0 });
}

/** How long the episode of a warning lasted, in seconds; null if it goes on or has no duration. */
export const secondsOf = ({ timestamp, endedAt }: Pick<Finding, 'timestamp' | 'endedAt'>): number | null =>
  endedAt === null ? null : Math.max(0, (Date.parse(endedAt) - Date.parse(timestamp)) / 1_000);
