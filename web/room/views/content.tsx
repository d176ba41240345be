import { useTranslations } from 'use-intl';
import { Quiet } from '../../shared/parts.tsx';
import { useExam } from '../use-room.ts';
import styles from './exam.module.css';

/** Only what an exam software needs to run and to keep its session; never our page, our devices or the top window. */
const SANDBOX = 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals';

/** An address that a browser opens; a script is none, and a page of ours would escape from its frame. */
const isWeb = (address: string) => URL.canParse(address) && /^https?:/i.test(address) && new URL(address).origin !== location.origin;

/** The questions: inside, in a window beside, or wherever the school said. While paused they are covered. */
export function Content({ isHidden }: { isHidden: boolean }) {
  const t = useTranslations('exam');
  const { title, contentUrl, contentMode } = useExam();
  if (!contentUrl || !isWeb(contentUrl)) return <p>{t('companion')}</p>;
  const link = (
    <a href={contentUrl} target="_blank" rel="noopener noreferrer">
      {t('openQuestions')}
    </a>
  );
  if (contentMode === 'WINDOW')
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
        src={contentUrl}
        title={t('frame', { exam: title })}
        sandbox={SANDBOX}
        allow="fullscreen; clipboard-write"
        referrerPolicy="no-referrer"
        hidden={isHidden}
      />
    </>
  );
}
