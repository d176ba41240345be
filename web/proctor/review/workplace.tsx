import { EvidenceView } from './evidence.tsx';
import { Head } from './head.tsx';
import { Judge } from './judge.tsx';
import { Measured } from './measured.tsx';
import { MomentList } from './moment-list.tsx';
import { PersonFacts } from './person-facts.tsx';
import styles from './review.module.css';
import { Screens } from './screens.tsx';
import { Timeline } from './timeline.tsx';
import { Transport } from './transport.tsx';
import { WarningPanel } from './warning-panel.tsx';

/** All of a review at once: what is seen, where it is in time, what was noted, and what is decided. */
export function Workplace() {
  return (
    <div className={styles['page']}>
      <Head />
      <main className={styles['main']}>
        <div className={styles['watch']}>
          <Screens />
          <Transport />
          <Timeline />
          <WarningPanel />
        </div>
        <div className={styles['side']}>
          <MomentList />
        </div>
        <div className={styles['more']}>
          <Judge />
          <Measured />
          <EvidenceView />
          <PersonFacts />
        </div>
      </main>
    </div>
  );
}
