import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startNode } from './child.mjs';
import { WARNING_FIELDS } from './invigil.mjs';

/** Starts a program from `bench/peers`, which reports its port once it listens. */
export async function startPeer(name, env = {}) {
  const node = startNode(fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url)), { env });
  try {
    const port = await node.first(node.child, 'message', (message) => message.port);
    return {
      name,
      port,
      pid: node.pid,
      node,
      token: 'peers-do-not-ask',
      init: {},
      subscription: `subscription Console($examId: ID!) { warningAdded(examId: $examId) { ${WARNING_FIELDS} } }`,
      variables: (examId) => ({ examId }),
      createExam: async () => `exam_${randomBytes(12).toString('hex')}`,
      join: async () => 'peers-do-not-ask',
      stop: () => node.stop(),
    };
  } catch (error) {
    await node.stop();
    throw error;
  }
}
