// Apollo Server on Node's HTTP with the schema of the server under test, using the adapter from its documentation.
import { createServer } from 'node:http';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { listen, readJson } from './lib/listen.mjs';
import { createContext, schema } from './lib/reads.mjs';

const context = await createContext();
const apollo = new ApolloServer({ schema });
await apollo.start();
const server = createServer(async (req, res) => {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(req.headers)) if (value !== undefined) headers.set(name, String(value));
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: req.method ?? 'GET', headers, search: '', body: await readJson(req) },
    context: async () => context(),
  });
  const body = answer.body.kind === 'complete' ? answer.body.string : '';
  res.writeHead(answer.status ?? 200, { ...Object.fromEntries(answer.headers), 'content-length': Buffer.byteLength(body) }).end(body);
});
listen(server);
