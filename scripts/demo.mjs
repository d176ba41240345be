// Plays a whole exam by the API alone against a running server, and stops if the server answers otherwise than it should: three
// candidates, three proctors, a console, an outage, late evidence, a receipt, a verdict that is contested. One to three minutes.
//   INVIGIL_API_KEY=… npm run demo            the server at http://localhost:4000
//   INVIGIL_URL=… INVIGIL_API_KEY=… npm run demo
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, connect, refused } from './demo/api.mjs';
import { watch } from './demo/console.mjs';
import { filmChunks, printLedger, recordAndAnalyse, sendLate, startCamera, verifyReceipt } from './demo/evidence.mjs';
import { say } from './demo/print.mjs';
import * as sitting from './demo/sitting.mjs';
import { contest, judgeByTwo } from './demo/verdict.mjs';

const url = (process.env.INVIGIL_URL ?? 'http://localhost:4000').replace(/\/$/, '');
const key = process.env.INVIGIL_API_KEY;

if (!key) {
  console.error('Set INVIGIL_API_KEY to the key that `npm start` printed.');
  process.exit(1);
}
const api = connect(url, key);
const folder = await mkdtemp(join(tmpdir(), 'invigil-demo-'));

async function play() {
  const film = await filmChunks(folder);
  const exam = await api.post('/exams', {
    title: 'Demonstration',
    duration: 30,
    settings: {
      screenRecording: false,
      aiDetection: { enabled: true, sensitivity: 'high' },
      admission: 'proctor',
      sharedLink: false,
      candidateView: 'after_end',
      creditDisconnectedMinutes: 5,
    },
  });
  say('Exam', `${exam.title} (${exam.id}), ${exam.duration} minutes`);
  say('Console', exam.adminUrl.replace(/#t=.*/, '#t=…'));
  const stage = { api, examId: exam.id, feed: watch(api, exam.id) };

  const links = await sitting.invite(stage);
  const [petra, quentin, olga] = [
    await sitting.nameProctor(stage, 'Petra Proctor'),
    await sitting.nameProctor(stage, 'Quentin Proctor'),
    await sitting.nameProctor(stage, 'Olga Ombudswoman'),
  ];
  await refused(sitting.join(stage, 'anna', exam.accessUrl), 'FORBIDDEN', 'the link for everybody, which is switched off,');
  const tokens = {};
  for (const [userId, link] of Object.entries(links)) tokens[userId] = await sitting.checkIn(stage, userId, link);
  await refused(sitting.join(stage, 'anna', links.anna), 'CONFLICT', "another browser with Anna's link");
  await sitting.admitAll(stage, petra);

  const camera = await startCamera(stage, tokens.ben, film);
  await camera.sendFirst();
  await sitting.pauseAndResume(stage, petra);
  await sitting.addTime(stage, petra);
  await sitting.talk(stage, petra, tokens.anna);
  await sitting.reportSignals(stage, tokens);
  tokens.cleo = await sitting.sendOutAndReadmit(stage, quentin, links.cleo);
  const keptFrom = await camera.stop();
  await sitting.loseConnection(stage, tokens.ben);

  await sitting.submit(stage, tokens.ben);
  await sendLate(stage, camera, tokens.ben, keptFrom);
  await printLedger(stage, 'ben');
  await verifyReceipt(stage, 'ben', tokens.ben, folder);

  await recordAndAnalyse(stage, tokens.anna, folder);
  await sitting.submit(stage, tokens.anna);
  await sitting.submit(stage, tokens.cleo);
  const { endExam } = await api.ask('mutation ($id: ID!) { endExam(examId: $id) { status } }', { id: exam.id }, petra);
  check(endExam.status === 'COMPLETED', 'the exam is over');

  await judgeByTwo(stage, petra, quentin);
  await contest(stage, links.anna, olga);
  await stage.feed.catchUp();
  say('Log', `${stage.feed.events.length} events, all of which are stored and can be replayed`);
}

try {
  await play();
} catch (error) {
  console.error(
    `\nThe demo stopped: ${error.cause?.code === 'ECONNREFUSED' ? `no server answers at ${url}: set INVIGIL_URL to where it is` : error.message}`,
  );
  process.exitCode = 1;
} finally {
  await api.live.dispose();
  await rm(folder, { recursive: true, force: true });
}
