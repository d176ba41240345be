import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { questionsOf } from '../session/questions.ts';
import { useExam } from '../use-room.ts';
import styles from './exam.module.css';

/** Only what an exam software needs to run and to keep its session; never our page, our devices or the top window. */
const SANDBOX = 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals';

/** The questions: inside, in a window beside, or wherever the school said. While paused they are covered. */
export function Content({ isHidden }: { isHidden: boolean }) {
  const t = useTranslations('exam');
  const exam = useExam();
  const { where, url } = questionsOf(exam);
  if (where === 'elsewhere') return <p>{t('companion')}</p>;
  const link = (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {t('openQuestions')}
    </a>
  );
  if (where === 'window')
    return (
      <>
        <p>{t('companionWindow')}</p>
        <p>{link}</p>
      </>
    );
  return (
    <>
      {!isHidden && (
        <Quiet>
          {t('frameHelp')} {link}
        </Quiet>
      )}
      {/* Hidden, not removed: what was typed in it stays. */}
      <iframe
        className={styles['frame']}
        src={url}
        title={t('frame', { exam: exam.title })}
        sandbox={SANDBOX}
        allow="fullscreen; clipboard-write"
        referrerPolicy="no-referrer"
        hidden={isHidden}
      />
    </>
  );
}
