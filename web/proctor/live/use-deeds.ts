import { useTranslations } from 'use-intl';
import type { Whom } from '../session/actions.ts';
import { nameOf } from '../session/model.ts';
import { useConsole } from '../use-console.ts';
import { useLive } from './view.ts';

/** What a proctor does to people, said afterwards with a way back where there is one. @throws ApiError, NetworkError each of them */
export function useDeeds() {
  const t = useTranslations('done');
  const live = useLive();
  const console = useConsole();

  /** The people in words: a name, how many, a group, or everybody. */
  function wordsFor(whom: Whom): string {
    if (!whom) return t('everybody');
    if ('group' in whom) return t('group', { group: whom.group });
    const person = whom.userIds.length === 1 ? console.store.people.get().byId.get(whom.userIds[0] ?? '') : undefined;
    return person ? nameOf(person) : t('people', { n: whom.userIds.length });
  }

  async function resume(whom: Whom): Promise<void> {
    await console.resume(whom);
    live.tell(t('resumed', { who: wordsFor(whom) }));
  }

  return {
    wordsFor,
    resume,
    async requestSnapshot(userId: string): Promise<void> {
      await console.requestSnapshot(userId);
      live.tell(t('pictureAsked', { who: wordsFor({ userIds: [userId] }) }));
    },
    async message(whom: Whom, text: string): Promise<void> {
      const to = whom && 'userIds' in whom ? whom.userIds : [null];
      for (const userId of to) await console.sendMessage(userId, text);
      live.tell(t('sent', { who: wordsFor(whom) }));
    },
    async admit(whom: Whom, reason: string | null): Promise<void> {
      await console.admit(whom && 'userIds' in whom ? whom.userIds : null, reason);
      live.tell(t('admitted', { who: wordsFor(whom) }));
    },
    async pause(whom: Whom, reason: string): Promise<void> {
      await console.pause(whom, reason);
      live.tell(t('paused', { who: wordsFor(whom) }), () => resume(whom));
    },
    async addTime(whom: Whom, minutes: number, reason: string): Promise<void> {
      await console.addTime(whom, minutes, reason);
      live.tell(t('timeAdded', { who: wordsFor(whom), minutes }));
    },
    async terminate(whom: Whom, reason: string): Promise<void> {
      const userIds = whom && 'userIds' in whom ? whom.userIds : [];
      for (const userId of userIds) await console.terminate(userId, reason);
      live.tell(t('terminated', { who: wordsFor(whom) }), async () => {
        for (const userId of userIds) await console.readmit(userId, t('mistake'));
        live.tell(t('readmitted', { who: wordsFor(whom) }));
      });
    },
    async readmit(whom: Whom, reason: string): Promise<void> {
      for (const userId of whom && 'userIds' in whom ? whom.userIds : []) await console.readmit(userId, reason);
      live.tell(t('readmitted', { who: wordsFor(whom) }));
    },
    async start(): Promise<void> {
      await console.startExam();
      live.tell(t('started'));
    },
    async end(): Promise<void> {
      await console.endExam();
      live.tell(t('ended'));
    },
  };
}
