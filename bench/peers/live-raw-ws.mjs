// No GraphQL: each event is serialised once and sent to every socket with `ws.send`, like the broadcast in ws's README.
import { randomUUID } from 'node:crypto';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from './lib/listen.mjs';
import { createReportServer } from './lib/live-warnings.mjs';

const rooms = new Map();
/** Has the length of graphql-ws's ids, so that all servers send frames of the same size. */
const id = randomUUID();

const server = createReportServer((examId, warning) => {
  const frame = Buffer.from(JSON.stringify({ id, type: 'next', payload: { data: { warningAdded: warning } } }));
  for (const socket of rooms.get(examId) ?? []) if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: false });
});
new WebSocketServer({ server, path: '/graphql' }).on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(data.toString());
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe') return;
    const { examId } = payload.variables;
    if (!rooms.has(examId)) rooms.set(examId, new Set());
    rooms.get(examId).add(socket);
    socket.on('close', () => rooms.get(examId).delete(socket));
  });
});
listen(server);
