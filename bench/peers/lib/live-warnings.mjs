import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { answerJson, readJson } from './listen.mjs';

/** The part of the schema that a console subscribes to. */
export const typeDefs = `
  type Query { ok: Boolean }
  enum WarningSeverity { INFO LOW MEDIUM HIGH CRITICAL }
  enum WarningSource { CLIENT ANALYSIS PROCTOR SYSTEM }
  type Warning {
    id: ID!  seq: Int!  userId: ID  type: String!  severity: WarningSeverity!  source: WarningSource!  timestamp: String!  details: String
  }
  type Subscription { warningAdded(examId: ID!): Warning! }
`;

export const PATH = /^\/api\/exams\/(?<examId>\w+)\/warnings$/;

let seq = 0;

/** Converts a report like the server under test, without storing it. */
export const toWarnings = ({ userId, warnings }) =>
  warnings.map(({ type, details }) => ({
    id: `warn_${randomBytes(10).toString('hex')}`,
    seq: ++seq,
    userId,
    type,
    severity: 'MEDIUM',
    source: 'CLIENT',
    timestamp: new Date().toISOString(),
    details,
  }));

/** An HTTP server that passes every reported warning to `publish`; other requests go to `handle`. */
export function createReportServer(publish, handle = (_req, res) => res.writeHead(404).end()) {
  return createServer(async (req, res) => {
    const examId = PATH.exec(req.url ?? '')?.groups?.['examId'];
    if (!examId) return handle(req, res);
    const warnings = toWarnings(await readJson(req));
    for (const warning of warnings) publish(examId, warning);
    answerJson(res, { warnings });
  });
}
