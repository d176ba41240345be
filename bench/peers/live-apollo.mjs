// Apollo Server with graphql-ws and an in-memory PubSub, set up according to Apollo's documentation on subscriptions.
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { listen } from './lib/listen.mjs';
import { createReportServer, typeDefs } from './lib/live-warnings.mjs';
import { PubSub } from './lib/pubsub.mjs';

const pubsub = new PubSub();
const schema = createSchema({
  typeDefs,
  resolvers: { Subscription: { warningAdded: { subscribe: (_root, { examId }) => pubsub.asyncIterableIterator(`warning:${examId}`) } } },
});
const server = createReportServer((examId, warning) => pubsub.publish(`warning:${examId}`, { warningAdded: warning }));
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginDrainHttpServer({ httpServer: server })] });
await apollo.start();
listen(server);
