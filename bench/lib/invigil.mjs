import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNode } from './child.mjs';
import { openPool, requestBytes } from './http-client.mjs';

const PROGRAM = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url));
const KEY = 'invigil_benchmark_admin_key_0123456789';
const SETUP_CONNECTIONS = 8;

const JOIN = 'mutation ($examId: ID!, $userId: ID!) { joinExam(examId: $examId, userId: $userId, name: "A candidate") { token } }';
export const WARNING_FIELDS = 'id seq userId type severity source timestamp details';

/**
 * The built server as an operator starts it, on a database of its own.
 * @param {object} options
 * @param {any} [options.postgres] where a database is made, and dropped when the server stops
 * @param {{ url: string }} [options.database] one that stays when the server stops, in place of that
 * @param {Record<string, string>} [options.settings] more environment variables
 */
export async function startInvigil({ postgres, database, settings = {} }) {
  const own = database ? null : await postgres.createDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
  const env = { DATABASE_URL: (database ?? own).url, DATA_DIR: dataDir, PORT: '0', BOOTSTRAP_API_KEY: KEY, LOG_LEVEL: 'error' };
  // One key for thousands of consoles is a benchmark's need, not an attack.
  const node = startNode(PROGRAM, { args: [], env: { ...env, MAX_SOCKETS_PER_CREDENTIAL: '1000000', ...settings } });
  async function stop() {
    await node.stop();
    await own?.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
  try {
    const port = await node.first(node.child.stdout, 'data', (_chunk, output) =>
      output.includes('Create an exam') ? Number(/REST\s+http:\/\/[^/]+:(\d+)\/api/.exec(output)?.[1]) : undefined,
    );
    const pool = await openPool(port, SETUP_CONNECTIONS);
    return {
      name: 'invigil',
      port,
      pid: node.pid,
      node,
      dataDir,
      token: KEY,
      init: { authorization: `Bearer ${KEY}` },
      subscription: `subscription Console($examId: ID!, $after: SafeInt) { warningAdded(examId: $examId, after: $after) { ${WARNING_FIELDS} } }`,
      variables: (examId) => ({ examId, after: 0 }),
      async createExam(title = 'Benchmark') {
        const { id } = await pool.askJson(requestBytes({ method: 'POST', path: '/api/exams', token: KEY, body: { title, duration: 60 } }));
        return id;
      },
      /** @returns the participant's token */
      async join(examId, userId) {
        const body = { query: JOIN, variables: { examId, userId } };
        const { data, errors } = await pool.askJson(requestBytes({ method: 'POST', path: '/graphql', token: KEY, body }));
        if (errors) throw new Error(`joinExam: ${JSON.stringify(errors)}`);
        return data.joinExam.token;
      },
      async stop() {
        pool.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
