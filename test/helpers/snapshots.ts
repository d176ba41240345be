import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { createExam, join, type RestExam } from './exam.ts';
import { makeMedia, pictures } from './media.ts';
import { eventually } from './patience.ts';
import { runSql } from './postgres.ts';
import { collect, type TestServer } from './server.ts';

/** A picture like one that a browser takes from the camera: 640 × 480, JPEG. */
export async function photograph({ file, crop }: { file: string; crop?: string }): Promise<Buffer> {
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
export const sensitive = { settings: { aiDetection: { enabled: true, sensitivity: 'high' }, candidateView: 'live' } };

/** An exam with a participant in it. */
export async function seat(server: TestServer, userId = 'user_1', input: object = sensitive): Promise<{ exam: RestExam; token: string }> {
  const exam = await createExam(server, input);
  return { exam, token: await join(server, exam.id, userId) };
}

/** When the latest snapshot was taken, by the token that sent it: a film that goes on begins after it. */
const latest = new Map<string, number>();

export function snap(server: TestServer, examId: string, image: Uint8Array, credential?: string, query: Record<string, string> = {}) {
  if (credential) latest.set(credential, query['takenAt'] ? Date.parse(query['takenAt']) : Date.now());
  return server.rest(`/exams/${examId}/snapshots?${new URLSearchParams(query)}`, {
    method: 'POST',
    body: new Uint8Array(image),
    headers: { 'content-type': 'image/jpeg' },
    ...(credential && { credential }),
  });
}

/** Settings of a server that accepts snapshots as fast as they come: a film does not take as long as it lasts. */
export const unhurried = {
  FAST: '1000',
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('fast-clock.mjs', import.meta.url))}`,
};

/**
 * Sends a snapshot and waits until it was analysed, however busy the machine is.
 * @returns the time used, in milliseconds since 1970: that of arrival if it came half a minute too late
 */
export async function show(
  server: TestServer,
  examId: string,
  token: string,
  shot: Photograph | Uint8Array,
  query: Record<string, string> = {},
): Promise<number> {
  const send = () => snap(server, examId, typeof shot === 'string' ? photographs[shot] : shot, token, query);
  let response = await send();
  // On a busy machine those that had to wait come too close to one another.
  for (; response.status === 429; response = await send()) await setTimeout(Number(response.headers.get('retry-after')) * 1_000);
  if (response.status !== 200) throw new Error(`a snapshot was answered ${response.status}: ${await response.text()}`);
  const { userId, takenAt } = (await response.json()) as { userId: string; takenAt: string };
  const looks = `SELECT 1 FROM "LiveWatch" w JOIN "Participant" p ON p.id = w."participantId"
    WHERE p."examId" = $1 AND p."userId" = $2 AND w."frameAt" >= $3`;
  await eventually(async () => expect(await runSql(server, looks, [examId, userId, takenAt])).toHaveLength(1));
  latest.set(token, Date.parse(takenAt));
  return Date.parse(takenAt);
}

/** A snapshot may be 30 s late: half of that is left to a busy machine. */
const LEAD_MS = 15_000;
/** Before a film, in which an empty room was seen. */
const EMPTY_MS = 8_000;

/**
 * Sends a camera's snapshots, taken one per second, like a browser, to each of the servers in turn. They are stills: a face in the
 * first seconds of an exam would count as a picture on the wall, so the camera first saw an empty room before.
 * @returns when each was taken, in milliseconds since 1970
 */
export async function film(servers: TestServer | readonly TestServer[], examId: string, token: string, shots: readonly Photograph[]) {
  const all = [servers].flat();
  const [first] = all;
  if (!first) throw new Error('no server');
  const empty = await show(first, examId, token, 'nobody', { takenAt: new Date(Date.now() - LEAD_MS - EMPTY_MS).toISOString() });
  latest.set(token, empty + EMPTY_MS);
  return goOn(all, examId, token, shots);
}

interface Pace {
  /** How long ago the film begins, in milliseconds, if it can; 0 for a server that is not `unhurried`. */
  lead?: number;
  /** Milliseconds between two snapshots. */
  every?: number;
}

/**
 * Like `film`, for an exam that is already being filmed. The film begins some seconds ago, so that the servers need no more time
 * than they take to look at it, and its seconds are exact on a busy machine too.
 */
export async function goOn(
  servers: TestServer | readonly TestServer[],
  examId: string,
  token: string,
  shots: readonly (Photograph | Uint8Array)[],
  { every = 1_000, lead = Math.min(shots.length * every, LEAD_MS) }: Pace = {},
) {
  const all = [servers].flat();
  let takenAt = Math.max((latest.get(token) ?? 0) + every, Date.now() - lead);
  const taken: number[] = [];
  for (const [at, shot] of shots.entries()) {
    const server = all[at % all.length];
    if (!server) continue;
    // The future cannot be filmed.
    await setTimeout(Math.max(0, takenAt - Date.now()));
    const used = await show(server, examId, token, shot, { takenAt: new Date(takenAt).toISOString() });
    taken.push(used);
    // Where looks take longer than the film, its seconds do: one that is too late would be followed by a gap.
    takenAt = Math.max(used + every, Date.now() - Math.max(lead, LEAD_MS));
  }
  return taken;
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
