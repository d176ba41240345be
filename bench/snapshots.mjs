import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { openConsole } from './lib/console-socket.mjs';
import { askJson, openConnection, openPool, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { ffmpeg } from './lib/media.mjs';
import { cpuSeconds, residentBytes, watchPeak } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { percentile } from './lib/stats.mjs';

const MB = 1024 * 1024;
const DATA = fileURLToPath(new URL('../../shared/data/', import.meta.url));
const ALONE = ['pose/frontal_img1.jpg', 'pose/frontal_stock_emotions_a_1.jpg', 'pose/frontal_stock_emotions_a_5.jpg'];
const COMPANY = ['facecount/2plus_face_recog_two_people.jpg', 'facecount/2plus_openface_longoria_cooper.jpg'];
/** With the hold time of 2 s, a warning opens at the third snapshot with two people. */
const SECONDS_OF_COMPANY = 5;
const OPENS_AT = 2;
/** What lasts again within 30 s is the same warning, at the high sensitivity. */
const SECONDS_ALONE = 35;
/** A face from the first seconds may be a picture on the wall, until the server has seen it move. */
const CYCLES_UNTIL_ALIVE = 1;
/** The goal. The actual limit is found by sending more than the machine can analyse. */
const WANTED = 25;
const OFFERED = 4 * WANTED;
/** As many as a large hall has, at the rhythm of a low sensitivity. */
const HALL = { participants: 200, everyMs: 5_000 };

/**
 * Pictures per scene: as many as one participant shows, each at a different position. Anything that stands still, or returns to
 * exactly the same pixels, is correctly taken for a picture on the wall.
 */
const PICTURES = 61;
/** Left and upper edge of the picture within a scene of 704 × 528, like a camera with somebody who moves. */
const PLACE = ["'mod(n*29,65)'", "'mod(n*17,49)'"];

/** Several pictures of each scene, like those from a browser: 640 × 480, about 40 KB. */
async function photograph(folder, names) {
  const scenes = [];
  for (const name of names) {
    const into = await mkdtemp(join(folder, 'scene-'));
    const fit = `scale=704:528:force_original_aspect_ratio=decrease,pad=704:528:-1:-1,crop=640:480:${PLACE.join(':')}`;
    await ffmpeg('-loop', '1', '-i', join(DATA, name), '-vf', fit, '-frames:v', String(PICTURES), '-q:v', '4', join(into, '%d.jpg'));
    scenes.push(await Promise.all(Array.from({ length: PICTURES }, (_, at) => readFile(join(into, `${at + 1}.jpg`)))));
  }
  return scenes;
}

const pictureOf = (scenes, who, second) => {
  const scene = scenes[who % scenes.length];
  return scene[(who + second) % scene.length];
};

function snapshotBytes({ examId, token, image }) {
  const head = `POST /api/exams/${examId}/snapshots HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: image/jpeg\r\nContent-Length: ${image.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), image]);
}

/** Creates an exam with participants. Must run first, because idle connections are closed. */
async function seat(invigil, count, sensitivity) {
  const pool = await openPool(invigil.port, 1);
  const settings = { aiDetection: { enabled: true, sensitivity } };
  const body = { title: 'Snapshots', duration: 60, settings };
  const { id } = await pool.askJson(requestBytes({ method: 'POST', path: '/api/exams', token: invigil.token, body }));
  pool.close();
  const participants = [];
  for (let at = 0; at < count; at += 1) participants.push({ userId: `user_${at}`, token: await invigil.join(id, `user_${at}`) });
  return { examId: id, participants };
}

/** Every participant sends one snapshot per second, or less often, each at a different offset. @returns when each was sent, by participant */
async function film({ port, examId, participants, seconds, shot, everyMs = 1_000 }) {
  const sent = participants.map(() => []);
  const start = performance.now();
  await Promise.all(
    participants.map(async ({ token }, who) => {
      const connection = await openConnection(port);
      for (let second = 0; second * everyMs < seconds * 1_000; second += 1) {
        const early = start + second * everyMs + (who * everyMs) / participants.length - performance.now();
        if (early > 0) await delay(early);
        sent[who].push(performance.now());
        await askJson(connection, snapshotBytes({ examId, token, image: shot(who, second) }));
      }
      connection.close();
    }),
  );
  return sent;
}

/** How many snapshots of each participant of an exam were analysed: each one increases the version of its row. */
async function looks(database, examId) {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT p.id, coalesce(w.version, 0) AS version FROM "Participant" p LEFT JOIN "LiveWatch" w ON w."participantId" = p.id
        WHERE p."examId" = $1 ORDER BY 1`,
      [examId],
    );
    return new Map(rows.map(({ id, version }) => [id, version]));
  } finally {
    await client.end();
  }
}

/** Number of snapshots analysed during `run`, by participant. */
async function counted(database, examId, run) {
  const before = await looks(database, examId);
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1_000;
  const after = await looks(database, examId);
  const each = [...after].map(([id, version]) => version - (before.get(id) ?? 0));
  return { each, perSecond: each.reduce((sum, count) => sum + count, 0) / seconds };
}

/** Overload: how many snapshots are analysed, how evenly, and how much memory it takes. */
async function overload({ invigil, database, seated: { examId, participants }, alone, everyMs = 1_000, quick, say }) {
  const send = (seconds) =>
    film({ port: invigil.port, examId, participants, seconds, everyMs, shot: (who, second) => pictureOf(alone, who, second) });
  await send((5 * everyMs) / 1_000); // the models are loaded
  const idle = residentBytes(invigil.pid);
  const stopWatching = watchPeak(invigil.pid);
  const cpu = cpuSeconds(invigil.pid);
  const seconds = ((quick ? 10 : 30) * everyMs) / 1_000;
  const { each, perSecond } = await counted(database, examId, () => send(seconds));
  const figures = {
    'looks/s': perSecond,
    'CPU ms a look': ((cpuSeconds(invigil.pid) - cpu) * 1_000) / (perSecond * seconds),
    'fewest of one': Math.min(...each),
    'most of one': Math.max(...each),
    'MB more': (stopWatching() - idle) / MB,
  };
  say(`${(participants.length * 1_000) / everyMs}/s offered: ${JSON.stringify(figures)}`);
  return figures;
}

/** Time from the snapshot that opens a warning to the warning on a console. */
async function latency({ invigil, examId, participants, alone, company, quick, say }) {
  const seen = new Map();
  let ready;
  const isReady = new Promise((resolve) => {
    ready = resolve;
  });
  const query =
    'subscription ($examId: ID!) { warningAdded(examId: $examId, after: 0) { id type userId timestamp recordedAt details frameUrl } }';
  const console = openConsole({
    port: invigil.port,
    init: invigil.init,
    query,
    variables: { examId },
    onReady: ready,
    onEvent(buffer, start, stop) {
      const { type, userId } = JSON.parse(buffer.utf8Slice(start, stop)).payload.data.warningAdded;
      seen.set(`${type} ${userId}`, [...(seen.get(`${type} ${userId}`) ?? []), performance.now()]);
    },
    onEnd: (reason) => say(`the console ended: ${reason}`),
  });
  await isReady;
  const rounds = quick ? 1 : 3;
  const each = SECONDS_ALONE + SECONDS_OF_COMPANY;
  const isCompany = (who, second) => (second + who) % each >= SECONDS_ALONE;
  const shot = (who, second) => pictureOf(isCompany(who, second) ? company : alone, who, second);
  const sent = await film({ port: invigil.port, examId, participants, seconds: each * (CYCLES_UNTIL_ALIVE + rounds), shot });
  await delay(2_000);
  console.close();
  const latencies = [];
  let missing = 0;
  for (const [who, times] of sent.entries()) {
    const arrivals = seen.get(`multiple_faces ${participants[who].userId}`) ?? [];
    for (let second = CYCLES_UNTIL_ALIVE * each; second < times.length - 1; second += 1) {
      const opens =
        Array.from({ length: OPENS_AT + 1 }, (_, back) => isCompany(who, second - back)).every(Boolean) &&
        !isCompany(who, second - OPENS_AT - 1);
      if (!opens) continue;
      const arrival = arrivals.find((at) => at >= times[second] && at < times[second] + 4_000);
      if (arrival === undefined) missing += 1;
      else latencies.push(arrival - times[second]);
    }
  }
  const others = [...seen].filter(([name]) => !name.startsWith('multiple_faces')).flatMap(([, arrivals]) => arrivals).length;
  const figures = {
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    most: Math.max(...latencies),
    warnings: latencies.length,
    missing,
    others,
  };
  say(`${participants.length}/s: ${JSON.stringify(figures)}`);
  return figures;
}

const figure = (figures) => Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { median: value, values: [value] }]));

export const snapshots = {
  name: 'snapshots',
  title: 'Snapshots of 640 × 480 at one per second and participant: how many are analysed, and POST → warning on a console in ms',
  async run({ postgres, quick, say }) {
    if (!existsSync(DATA)) throw new Error(`needs ${DATA}`);
    const folder = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const database = await postgres.createDatabase();
    const invigil = await startInvigil({ postgres, database });
    try {
      const alone = await photograph(folder, ALONE);
      const company = await photograph(folder, COMPANY);
      const crowd = await seat(invigil, OFFERED, 'low');
      const few = await seat(invigil, OFFERED, 'high');
      const most = await overload({ invigil, database, seated: crowd, alone, quick, say });
      const hall = await overload({
        ...{ invigil, database, alone, quick, say, everyMs: HALL.everyMs },
        seated: await seat(invigil, HALL.participants, 'low'),
      });
      const perSecond = Math.floor(0.8 * most['looks/s']);
      const { examId, participants } = few;
      const at = (count) => latency({ invigil, examId, participants: participants.splice(0, count), alone, company, quick, say });
      // Different participants each time, who have not shown these pictures before.
      const usual = await at(0.8 * WANTED);
      const calm = await at(perSecond);
      const { 'fewest of one': fewest, 'most of one': mostOfOne } = most;
      return {
        figures: {
          [`${OFFERED}/s offered`]: figure(most),
          [`${HALL.participants} every 5 s`]: figure(hall),
          [`${0.8 * WANTED}/s`]: figure(usual),
          [`${perSecond}/s`]: figure(calm),
        },
        checks: [
          check('snapshots analysed per second', most['looks/s'], { atLeast: WANTED }),
          check('overload: fewest analysed of one participant ÷ most', fewest / mostOfOne, { atLeast: 0.8 }),
          check('a hall of 200: fewest analysed of one participant ÷ most', hall['fewest of one'] / hall['most of one'], { atLeast: 0.7 }),
          check('overload: memory grows by', most['MB more'], { atMost: 50, unit: ' MB' }),
          check('at 80 % of the goal: snapshot → warning on the console, p95', usual.p95, { atMost: 1_000, unit: ' ms' }),
          check('at 80 % of the goal: longest', usual.most, { atMost: 2_000, unit: ' ms' }),
          check('at 80 % of what was analysed: snapshot → warning on the console, p95', calm.p95, { atMost: 1_000, unit: ' ms' }),
          check('at 80 % of what was analysed: longest', calm.most, { atMost: 2_000, unit: ' ms' }),
          check('warnings missed', usual.missing + calm.missing, { atMost: 0 }),
        ],
      };
    } finally {
      await invigil.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
