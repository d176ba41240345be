import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { answerJson, listen, readJson } from './listen.mjs';

/** `POST /api/exams/{id}/warnings` on plain node:http: no authentication, no validation, no event log. */
export function serveInserts(insert) {
  const server = createServer(async (req, res) => {
    try {
      const { userId, warnings } = await readJson(req);
      const [{ type, details }] = warnings;
      const row = { id: `warn_${randomBytes(12).toString('hex')}`, examId: req.url?.split('/')[3], userId, type, details };
      answerJson(res, { warnings: [await insert(row)] });
    } catch (error) {
      res.writeHead(500).end(error.message);
    }
  });
  listen(server);
}

/** The same number as in the server under test. */
export const CONNECTIONS = 20;
