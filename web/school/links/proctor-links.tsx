import { useCallback, useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Button, Failure, Field, Quiet, Row, Stack } from '../../shared/parts.tsx';
import { useAction } from '../../shared/use-action.ts';
import parts from '../parts.module.css';
import { type Deed, DeedDialog } from '../parts.tsx';
import * as change from '../session/mutations.ts';
import * as ask from '../session/operations.ts';
import { useReading, useSchool } from '../use-school.ts';
import styles from './links.module.css';
import { useCopy } from './use-copy.ts';

/** Links that name their proctor: whatever is done with one bears the name. */
export function ProctorLinks({ examId }: { examId: string }) {
  const t = useTranslations('school.links.own');
  const format = useFormatter();
  const school = useSchool();
  const copy = useCopy();
  const read = useCallback(() => school.graphql(ask.SchoolProctorLinks, { examId }), [school, examId]);
  const { value, fault, again } = useReading(read);
  const [name, setName] = useState('');
  const [deed, setDeed] = useState<Deed | null>(null);
  const make = useAction(async () => {
    await school.graphql(change.SchoolMakeLink, { examId, name: name.trim(), expiresAt: null });
    await again();
    school.tell(t('made', { name: name.trim() }));
    setName('');
  });
  const links = value?.exam?.proctorLinks ?? [];
  const close = (link: (typeof links)[number]): Deed => ({
    title: t('closeTitle', { name: link.name }),
    text: t('closeText'),
    confirm: t('close'),
    isDanger: true,
    async work() {
      await school.graphql(change.SchoolCloseLink, { id: link.id });
      await again();
      school.tell(t('closed', { name: link.name }));
    },
  });
  const day = (time: string) => format.dateTime(new Date(time), { dateStyle: 'medium' });
  return (
    <Stack>
      <div>
        <h3>{t('title')}</h3>
        <p className={parts['sub']}>{t('text')}</p>
      </div>
      <form
        className={styles['make']}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) make.run();
        }}
      >
        <Field label={t('name')} maxLength={100} required dir="auto" value={name} onChange={({ target }) => setName(target.value)} />
        <Button type="submit" disabled={make.isBusy}>
          {t('make')}
        </Button>
      </form>
      <Failure>{fault ?? make.fault ?? copy.fault}</Failure>
      {value && links.length === 0 && <Quiet>{t('none')}</Quiet>}
      {links.length > 0 && (
        <ul className={styles['own']} aria-label={t('title')}>
          {links.map((link) => (
            <li key={link.id} data-closed={link.revokedAt !== null || undefined}>
              <span className={styles['name']}>
                <bdi>{link.name}</bdi>
                <span className={parts['sub']}>
                  {link.revokedAt === null ? t('until', { time: day(link.expiresAt) }) : t('closedAt', { time: day(link.revokedAt) })}
                </span>
              </span>
              {link.revokedAt === null && (
                <Row>
                  <Button
                    className={parts['small']}
                    aria-label={t('copyOf', { name: link.name })}
                    onClick={() => copy.run(link.url, t('copied', { name: link.name }))}
                  >
                    {t('copy')}
                  </Button>
                  <Button
                    className={parts['small']}
                    look="danger"
                    aria-label={t('closeOf', { name: link.name })}
                    onClick={() => setDeed(close(link))}
                  >
                    {t('close')}
                  </Button>
                </Row>
              )}
            </li>
          ))}
        </ul>
      )}
      <DeedDialog deed={deed} onClose={() => setDeed(null)} />
    </Stack>
  );
}
