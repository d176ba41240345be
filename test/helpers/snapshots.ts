import { setTimeout } from 'node:timers/promises';
import { vi } from 'vitest';
import { createExam, join, type RestExam } from './exam.ts';
import { makeMedia, pictures } from './media.ts';
import { runSql } from './postgres.ts';
import { collect, type TestServer } from './server.ts';

/** A picture like one that a browser takes from the camera: 640 × 480, JPEG. */
async function photograph({ file, crop }: { file: string; crop?: string }): Promise<Buffer> {
  const fit = 'scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1,setsar=1';
  return makeMedia('-i', file, '-vf', crop ? `crop=${crop},${fit}` : fit, '-frames:v', '1', '-q:v', '4', '-f', 'mjpeg', 'pipe:1');
}

export const photographs = {
  oneFace: await photograph(pictures.oneFace),
  twoPeople: await photograph(pictures.severalFaces),
  nobody: await photograph(pictures.noFace),
  turnedAway: await photograph(pictures.turnedAway),
  black: await makeMedia('-f', 'lavfi', '-i', 'color=black:size=640x480', '-frames:v', '1', '-f', 'mjpeg', 'pipe:1'),
};

export type Photograph = keyof typeof photographs;

/** Short hold times: anything that lasts for two seconds is an episode. */
export const sensitive = { settings: { aiDetection: { enabled: true, sensitivity: 'high' } } };

/** An exam with a participant in it. */
export async function seat(server: TestServer, userId = 'user_1', input: object = sensitive): Promise<{ exam: RestExam; token: string }> {
  const exam = await createExam(server, input);
  return { exam, token: await join(server, exam.id, userId) };
}

export const snap = (server: TestServer, examId: string, image: Uint8Array, credential?: string, query: Record<string, string> = {}) =>
  server.rest(`/exams/${examId}/snapshots?${new URLSearchParams(query)}`, {
    method: 'POST',
    body: new Uint8Array(image),
    headers: { 'content-type': 'image/jpeg' },
    ...(credential && { credential }),
  });

/** Sends a snapshot and waits until it was analysed, however busy the machine is. */
export async function show(
  server: TestServer,
  examId: string,
  token: string,
  shot: Photograph | Uint8Array,
  query: Record<string, string> = {},
) {
  const response = await snap(server, examId, typeof shot === 'string' ? photographs[shot] : shot, token, query);
  if (response.status !== 200) throw new Error(`a snapshot was answered ${response.status}: ${await response.text()}`);
  const { userId, takenAt } = (await response.json()) as { userId: string; takenAt: string };
  const looks = `SELECT 1 FROM "LiveWatch" w JOIN "Participant" p ON p.id = w."participantId"
    WHERE p."examId" = $1 AND p."userId" = $2 AND w."frameAt" >= $3`;
  const looked = async () => {
    if ((await runSql(server, looks, [examId, userId, takenAt])).length === 0) throw new Error('nobody has looked at a snapshot');
  };
  await vi.waitFor(looked, { timeout: 30_000, interval: 30 });
}

/**
 * Sends a camera's snapshots, one per second, like a browser, to each of the servers in turn. They are stills: a face in the first
 * seconds of an exam would count as a picture on the wall, so the camera first saw an empty room 20 s ago.
 * @returns when each was sent, in milliseconds since 1970
 */
export async function film(servers: TestServer | readonly TestServer[], examId: string, token: string, shots: readonly Photograph[]) {
  const all = [servers].flat();
  const [first] = all;
  if (!first) throw new Error('no server');
  await show(first, examId, token, 'nobody', { takenAt: new Date(Date.now() - 20_000).toISOString() });
  return goOn(all, examId, token, shots);
}

/** Like `film`, for an exam that is already being filmed. */
export async function goOn(
  servers: TestServer | readonly TestServer[],
  examId: string,
  token: string,
  shots: readonly (Photograph | Uint8Array)[],
) {
  const all = [servers].flat();
  const sent: number[] = [];
  for (const [at, shot] of shots.entries()) {
    const server = all[at % all.length];
    sent.push(Date.now());
    if (server) await Promise.all([show(server, examId, token, shot), setTimeout(1_000)]);
  }
  return sent;
}

export interface LiveWarning {
  id: string;
  userId: string;
  type: string;
  source: string;
  severity: string;
  timestamp: string;
  endedAt: string | null;
  details: string;
  confidence: number | null;
  frameUrl: string | null;
}

export interface WarningEvent {
  examEvents: { __typename: string; seq: number; at: string; warning?: LiveWarning };
}

const EVENTS = /* GraphQL */ `
  subscription Watch($examId: ID!) {
    examEvents(examId: $examId, after: 0) {
      __typename
      seq
      at
      ... on WarningAdded {
        warning {
          ...Whole
        }
      }
      ... on WarningUpdated {
        warning {
          ...Whole
        }
      }
    }
  }
  fragment Whole on Warning {
    id
    userId
    type
    source
    severity
    timestamp
    endedAt
    details
    confidence
    frameUrl
  }
`;

/** A console that follows the exam's log. */
export function watchLog(server: TestServer, examId: string) {
  const log = collect<WarningEvent>(server.subscribe(), EVENTS, { examId });
  const isOf = (kind: string, type: string, userId?: string) => (item: WarningEvent) => {
    const { __typename, warning } = item.examEvents;
    return __typename === kind && warning?.type === type && (userId === undefined || warning.userId === userId);
  };
  const find = async (kind: string, type: string, userId?: string): Promise<LiveWarning> => {
    const found = await log.find(isOf(kind, type, userId));
    if (!found?.examEvents.warning) throw new Error(`no ${kind} of ${type}: ${JSON.stringify([log.items, log.errors])}`);
    return found.examEvents.warning;
  };
  return {
    opened: (type: string, userId?: string) => find('WarningAdded', type, userId),
    closed: (type: string, userId?: string) => find('WarningUpdated', type, userId),
    /** How many events of this kind and warning type have arrived so far. */
    count: (kind: string, type: string) => log.items.filter(isOf(kind, type)).length,
  };
}
