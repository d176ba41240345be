import type { Api } from '../../shared/api.ts';
import { CHECK_IN_MS } from './check-in.ts';
import * as ask from './operations.ts';
import type { MessageFacts, ParticipantFacts } from './room-state.ts';

/** Whether a check-in would take a picture. */
export interface PictureCheck {
  faces: number;
  /** What would make it better; empty for one that it takes. */
  advice: readonly string[];
}

interface Options {
  api: Api;
  examId: string;
  userId(): string;
  /** Asks, and takes the answer unless something newer was told meanwhile. */
  takeAnswer(asked: () => Promise<ParticipantFacts>): Promise<void>;
  takeMessage(message: MessageFacts): void;
}

/** What the candidate asks of the server. All of them throw ApiError and NetworkError. */
export function createRequests({ api, examId, userId, takeAnswer, takeMessage }: Options) {
  return {
    /** Looks whether a picture can be used; nothing is kept. */
    async checkPicture(image: Blob): Promise<PictureCheck> {
      const headers = { 'content-type': 'image/jpeg' };
      const options = { method: 'POST', body: image, headers, timeoutMs: CHECK_IN_MS } as const;
      const response = await api.rest(`/exams/${examId}/check-picture`, options);
      return (await response.json()) as PictureCheck;
    },

    /** Sends a recording to the server, which sends it back and keeps nothing. */
    async echo(clip: Blob): Promise<Blob> {
      const headers = { 'content-type': clip.type.split(';')[0] ?? 'video/webm' };
      return (await api.rest(`/exams/${examId}/echo`, { method: 'POST', body: clip, headers, timeoutMs: 60_000 })).blob();
    },

    raiseHand: (text: string) => takeAnswer(async () => (await api.graphql(ask.RaiseHand, { examId, text: text || null })).raiseHand),
    lowerHand: () => takeAnswer(async () => (await api.graphql(ask.LowerHand, { examId })).lowerHand),
    async send(text: string): Promise<void> {
      takeMessage((await api.graphql(ask.SendMessage, { examId, text })).sendMessage);
    },
    async markRead(messageId: string): Promise<void> {
      takeMessage((await api.graphql(ask.MarkRead, { messageId })).markMessageRead);
    },

    /** The receipt, as far as there is one. */
    readReceipt: async () => (await api.graphql(ask.Handed, { examId, userId: userId() })).exam?.participant?.submission ?? null,
    readFindings: async () => (await api.graphql(ask.Findings, { examId, userId: userId() })).exam?.participant ?? null,
    contest: (text: string) => api.graphql(ask.Contest, { examId, text }),
  };
}
