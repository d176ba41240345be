import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Callout, Quiet, Stack } from '../../shared/parts.tsx';
import { Somebody } from '../exam/results.tsx';
import { Grid } from '../grid.tsx';
import type { Plan, PlannedLine } from './plan.ts';
import styles from './roster.module.css';

const KINDS = ['new', 'changed', 'unchanged', 'bad'] as const;
const SHAPES: Record<PlannedLine['kind'], string> = { new: '+', changed: '~', unchanged: '=', bad: '✕' };
/** Bad lines first, so that they are seen; then what changes. */
const ORDER: readonly PlannedLine['kind'][] = ['bad', 'new', 'changed', 'unchanged'];

/** What the invitation will do, line by line. */
export function Preview({ plan, children }: { plan: Plan; children: ReactNode }) {
  const t = useTranslations('school.roster');
  const ordered = ORDER.flatMap((kind) => plan.lines.filter((line) => line.kind === kind));
  return (
    <section aria-label={t('preview')}>
      <Stack>
        <h2>{t('preview')}</h2>
        {plan.fault && <Callout tone="bad">{t(`fault.${plan.fault}`, { line: plan.faultLine ?? 0 })}</Callout>}
        {plan.ignored.length > 0 && (
          <Quiet>
            <bdi>{t('ignored', { columns: plan.ignored.join(', ') })}</bdi>
          </Quiet>
        )}
        {plan.lines.length > 0 && (
          <>
            <div role="status">
              <ul className={styles['counts']}>
                {KINDS.filter((kind) => plan.counts[kind] > 0).map((kind) => (
                  <li key={kind} data-kind={kind}>
                    <span aria-hidden>{SHAPES[kind]}</span> {t(`counts.${kind}`, { n: plan.counts[kind] })}
                  </li>
                ))}
              </ul>
            </div>
            <Grid
              label={t('preview')}
              heads={[t('line'), t('what'), t('person'), t('group'), t('minutes'), t('why')]}
              columns="4rem 7.5rem minmax(0, 2fr) minmax(0, 1fr) 6rem minmax(0, 2fr)"
              narrow="2.5rem 6rem minmax(0, 1fr)"
              items={ordered}
              keyOf={({ line }) => line}
              renderCells={(line) => [
                line.line,
                <span key="kind" className={styles['kind']} data-kind={line.kind}>
                  <span aria-hidden>{SHAPES[line.kind]}</span> {t(`kind.${line.kind}`)}
                </span>,
                <Somebody key="who" person={line.person} />,
                <bdi key="group">{line.person.group}</bdi>,
                line.person.extraMinutes === undefined || Number.isNaN(line.person.extraMinutes) ? '' : `+${line.person.extraMinutes}`,
                <Why key="why" line={line} />,
              ]}
            />
          </>
        )}
        {children}
      </Stack>
    </section>
  );
}

function Why({ line: { reason, twin, before, person } }: { line: PlannedLine }) {
  const t = useTranslations('school.roster');
  if (reason) return <strong className={styles['reason']}>{t(`reason.${reason}`, { line: twin ?? 0 })}</strong>;
  if (!before) return null;
  const was = [
    person.name !== undefined && person.name !== before.name && (before.name ?? t('noName')),
    person.group !== undefined && person.group !== before.group && (before.group ?? t('noGroup')),
    person.extraMinutes !== undefined && person.extraMinutes !== before.extraMinutes && `+${before.extraMinutes}`,
  ].filter(Boolean);
  return <bdi>{t('was', { before: was.join(', ') })}</bdi>;
}
