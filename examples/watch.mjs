// Prints the warnings of an exam, those so far and those to come.
//   KEY=invigil_… node examples/watch.mjs EXAM [AFTER]
// API is the address of another server, such as https://exams.example.org/api.
import { followWarnings } from './follow.mjs';

const { KEY: credential = '', API = 'http://localhost:4000/api' } = process.env;
const [examId, after = '0'] = process.argv.slice(2);
if (!credential || !examId) {
  console.error('usage: KEY=invigil_… node examples/watch.mjs EXAM [AFTER]');
  process.exit(2);
}

try {
  await followWarnings({
    url: API.replace(/\/api\/?$/, ''),
    credential,
    examId,
    after: Number(after),
    // As JSON, so that what a candidate's client wrote cannot control the terminal.
    onWarning: (warning) => console.log(JSON.stringify(warning)),
    onReconnect: (reason, waitMs) => console.error(`${reason}: trying again in ${(waitMs / 1_000).toFixed(1)} s`),
  });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
