import type { Api } from '../../shared/api.ts';
import * as tell from './mutations.ts';
import type { ExamStore } from './store.ts';

/** Whom an action is for: some people, a group, or everybody (null). */
export type Whom = { userIds: readonly string[] } | { group: string } | null;

interface Options {
  api: Api;
  examId: string;
  store: ExamStore;
}

/** Most ids that the server takes at once. */
const AT_ONCE = 500;

const chosen = (whom: Whom) => ({
  userIds: whom && 'userIds' in whom ? [...whom.userIds] : null,
  group: whom && 'group' in whom ? whom.group : null,
});

/**
 * What a proctor does. Answers are shown at once, and come again by the log for everybody: `asked()` is called before the answer is awaited.
 * @throws ApiError, NetworkError each of them
 */
export function createActions({ api, examId, store }: Options) {
  return {
    /** @param userId null writes to everybody */
    async sendMessage(userId: string | null, text: string): Promise<void> {
      store.putMessages([(await api.graphql(tell.SendMessage, { examId, userId, text })).sendMessage]);
    },

    async markRead(messageId: string): Promise<void> {
      store.putMessages([(await api.graphql(tell.MarkRead, { messageId })).markMessageRead]);
    },

    /** @param userIds null lets in all who wait */
    async admit(userIds: readonly string[] | null, reason: string | null = null): Promise<void> {
      store.asked().putPeople((await api.graphql(tell.Admit, { examId, userIds: userIds && [...userIds], reason })).admitParticipants);
    },

    async pause(whom: Whom, reason: string): Promise<void> {
      store.asked().putPeople((await api.graphql(tell.Pause, { examId, ...chosen(whom), reason })).pauseParticipants);
    },

    async resume(whom: Whom): Promise<void> {
      store.asked().putPeople((await api.graphql(tell.Resume, { examId, ...chosen(whom) })).resumeParticipants);
    },

    /** Adds time for people one by one, or for a group or all at once. */
    async addTime(whom: Whom, minutes: number, reason: string): Promise<void> {
      if (!whom || 'group' in whom) {
        const { group } = chosen(whom);
        return store.asked().putPeople((await api.graphql(tell.AddTimeToAll, { examId, group, minutes, reason })).addTimeToAll);
      }
      for (const userId of whom.userIds)
        store.asked().putPeople([(await api.graphql(tell.AddTime, { examId, userId, minutes, reason })).addTime]);
    },

    async terminate(userId: string, reason: string): Promise<void> {
      store.asked().putPeople([(await api.graphql(tell.Terminate, { examId, userId, reason })).terminateParticipant]);
    },

    async readmit(userId: string, reason: string): Promise<void> {
      store.asked().putPeople([(await api.graphql(tell.Readmit, { examId, userId, reason })).readmitParticipant.participant]);
    },

    async lowerHand(userId: string): Promise<void> {
      store.asked().putPeople([(await api.graphql(tell.LowerHand, { examId, userId })).lowerHand]);
    },

    /** Makes a group the share of who asks. */
    async takeGroup(group: string): Promise<void> {
      store.putGroup((await api.graphql(tell.TakeGroup, { examId, group })).takeGroup);
    },

    async releaseGroup(group: string): Promise<void> {
      store.putGroup((await api.graphql(tell.ReleaseGroup, { examId, group })).releaseGroup);
    },

    /** @param to name of another proctor, as the log shows it */
    async handOverGroup(group: string, to: string): Promise<void> {
      store.putGroup((await api.graphql(tell.HandOverGroup, { examId, group, to })).handOverGroup);
    },

    async startExam(): Promise<void> {
      store.setExam((await api.graphql(tell.StartExam, { examId })).startExam);
    },

    async endExam(): Promise<void> {
      store.setExam((await api.graphql(tell.EndExam, { examId })).endExam);
    },

    /** Asks the candidate's page for a picture now; it comes as every other one. */
    async requestSnapshot(userId: string): Promise<void> {
      await api.graphql(tell.RequestSnapshot, { examId, userId });
    },

    /** @param reason needed to dismiss */
    async reviewWarnings(ids: readonly string[], decision: 'CONFIRMED' | 'DISMISSED', reason: string | null): Promise<void> {
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const warningIds = ids.slice(from, from + AT_ONCE);
        store.asked().putWarnings((await api.graphql(tell.ReviewWarnings, { warningIds, decision, reason })).reviewWarnings);
      }
    },

    /** Takes decisions back: nobody has decided then. */
    async reopenWarnings(ids: readonly string[]): Promise<void> {
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const warningIds = ids.slice(from, from + AT_ONCE);
        store.asked().putWarnings((await api.graphql(tell.ReopenWarnings, { warningIds })).reopenWarnings);
      }
    },
  };
}
