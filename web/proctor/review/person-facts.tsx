import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import styles from './more.module.css';
import { useDuration, usePercent, usePerson, useReview, useTimes, useTypeWords } from './use-review.ts';

/** Who this is, what was permitted, and what was added. */
export function PersonFacts() {
  const t = useTranslations('review.person');
  const person = usePerson();
  const session = useReview();
  const { full } = useTimes();
  const inWords = useDuration();
  const percent = usePercent();
  const typeWords = useTypeWords();
  const { userId, joinedAt, startedAt, extraMinutes, outageSeconds, timeCredits, accommodations, checkIn, verification, submission } =
    person;
  return (
    <section className={styles['card']} aria-labelledby="person-title">
      <h2 id="person-title">{t('title')}</h2>
      <dl className={styles['facts']}>
        <Fact name={t('id')}>
          <bdi>{userId}</bdi>
        </Fact>
        {joinedAt !== null && <Fact name={t('joined')}>{full(joinedAt)}</Fact>}
        {startedAt !== null && <Fact name={t('begun')}>{full(startedAt)}</Fact>}
        {submission && <Fact name={t('handedIn')}>{full(submission.submittedAt)}</Fact>}
        {extraMinutes > 0 && <Fact name={t('extra')}>{inWords(extraMinutes * 60)}</Fact>}
        {outageSeconds > 0 && <Fact name={t('outage')}>{inWords(outageSeconds)}</Fact>}
        {timeCredits.length > 0 && (
          <Fact name={t('credits')}>
            {timeCredits.map(({ at, minutes, by, reason }) => (
              <p key={at} dir="auto">
                {t('creditOf', { minutes, by, reason })}
              </p>
            ))}
          </Fact>
        )}
        {accommodations.length > 0 && (
          <Fact name={t('accommodations')}>
            {accommodations.map(({ type, reason, by }) => (
              <p key={type} dir="auto">
                {typeWords(type)}: {reason} ({by})
              </p>
            ))}
          </Fact>
        )}
        {checkIn?.noticeAcceptedAt != null && <Fact name={t('notice')}>{full(checkIn.noticeAcceptedAt)}</Fact>}
        {verification && <Fact name={t('identity')}>{t(outcomeOf(verification), { percent: percent(verification.confidence) })}</Fact>}
      </dl>
      {checkIn?.photoUrl != null && <img className={styles['photo']} src={session.here(checkIn.photoUrl)} alt={t('photo')} />}
    </section>
  );
}

function outcomeOf({ verified, warnings }: { verified: boolean; warnings: readonly string[] }) {
  if (verified) return 'verified';
  return warnings.includes('low_confidence') ? 'unsure' : 'notVerified';
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
