import { requestBytes } from './http-client.mjs';

/** Pads an event to about 300 bytes per frame. */
const PADDING = 'the candidate left the exam window';

const nowMicros = () => process.hrtime.bigint() / 1_000n;

/** A report of `count` warnings. Their details start with its time, by the clock that all processes share. */
export function reportBytes({ examId, userId = 'user_0001', token, count = 1 }) {
  const warning = { type: 'tab_switch', details: `t${nowMicros()} ${PADDING}` };
  return requestBytes({
    method: 'POST',
    path: `/api/exams/${examId}/warnings`,
    token,
    body: { userId, warnings: Array.from({ length: count }, () => warning) },
  });
}
