import { startConsoles } from './consoles.mjs';
import { openPool } from './http-client.mjs';
import { startInvigil } from './invigil.mjs';
import { startPeer } from './peer.mjs';
import { reportBytes } from './warnings.mjs';

/** Servers that push warnings to consoles, ours first. All take the same `POST /api/exams/{id}/warnings`. */
export const liveContenders = (postgres) => [
  { name: 'invigil', start: () => startInvigil({ postgres }) },
  ...['yoga', 'mercurius', 'apollo', 'raw-ws'].map((name) => ({ name, start: () => startPeer(`live-${name}`) })),
];

/** Runs `use` with a started contender, one of its exams, consoles and a connection pool for reports; ends them all afterwards. */
export async function withLive({ contender, connections = 16 }, use) {
  const target = await contender.start();
  const consoles = startConsoles();
  let pool;
  try {
    pool = await openPool(target.port, connections);
    const examId = await target.createExam();
    const token = await target.join(examId, 'user_0001');
    const report = (count = 1) => pool.askJson(reportBytes({ examId, token, count }));
    const watch = (count, track) =>
      consoles.open({ target, watched: Array.from({ length: count }, () => target.variables(examId)), track, probe: () => report() });
    return await use({ target, consoles, examId, report, watch });
  } finally {
    pool?.close();
    await consoles.stop();
    await target.stop();
  }
}
