import type { Api } from '../../shared/api.ts';
import type { Seat, StreamKind } from './protocol.ts';

/** For one chunk, on a line of 5 kB/s. */
const CHUNK_MS = 120_000;

/** A recording, as the server has it. */
export interface LiveRecording {
  id: string;
  /** One more than the highest index that came; absent if no more are taken. */
  nextChunk?: number;
  complete?: boolean;
}

/** The server's side of the recordings. Everything may be repeated. @throws ApiError, NetworkError */
export const createRecordings = ({ api, seat: { examId, userId } }: { api: Api; seat: Seat }) => {
  const read = async (response: Response) => (await response.json()) as LiveRecording;
  const at = (id: string) => `/recordings/${encodeURIComponent(id)}`;
  return {
    start: async (type: StreamKind, key: string) =>
      read(await api.rest('/recordings/live', { method: 'POST', body: { examId, userId, type }, headers: { 'idempotency-key': key } })),
    ask: async (id: string) => read(await api.rest(at(id))),
    /** @param chunks null if nobody can say how many there are */
    finish: async (id: string, chunks: number | null) =>
      // The number may be corrected: a key would keep the first.
      read(await api.rest(`${at(id)}/finish`, { method: 'POST', body: chunks === null ? {} : { chunks } })),
    async put(id: string, index: number, bytes: ArrayBuffer, { startedAt, durationMs }: { startedAt: number; durationMs: number }) {
      const time = new URLSearchParams({ startedAt: new Date(startedAt).toISOString(), durationMs: `${Math.round(durationMs)}` });
      await api.rest(`${at(id)}/chunks/${index}?${time}`, {
        method: 'PUT',
        body: bytes,
        headers: { 'content-type': 'application/octet-stream' },
        timeoutMs: CHUNK_MS,
      });
    },
  };
};

export type Recordings = ReturnType<typeof createRecordings>;
