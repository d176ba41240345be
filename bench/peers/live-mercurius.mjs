// Mercurius on Fastify with its own pub/sub (mqemitter) and its own WebSocket server.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { announce, portOf } from './lib/listen.mjs';
import { toWarnings, typeDefs } from './lib/live-warnings.mjs';

const app = Fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Subscription: { warningAdded: { subscribe: (_root, { examId }, { pubsub }) => pubsub.subscribe(`warning:${examId}`) } } },
  subscription: true,
});
app.post('/api/exams/:examId/warnings', async (/** @type {any} */ { params, body }) => {
  const warnings = toWarnings(body);
  for (const warning of warnings) app.graphql.pubsub.publish({ topic: `warning:${params.examId}`, payload: { warningAdded: warning } });
  return { warnings };
});
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
announce(portOf(app.server));
