import { readFile, stat } from 'node:fs/promises';
import { RECEIPT_KEY_PATH } from '../services/receipts/receipt-key.ts';
import { NotGenuine, type SignedReceipt, verifyReceipt } from '../services/receipts/verify-receipt.ts';

/** A receipt of 200 recordings has 50 KB. */
const MAX_BYTES = 1024 * 1024;
const PATIENCE_MS = 10_000;

/** Where the public key is: in a file, or at a server. */
export type KeySource = { file: string } | { url: string };

/** The key or the receipt cannot be read. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** Says what a receipt says and whether it is genuine. @returns the exit code: 1 if it is not, or cannot be read */
export async function checkReceipt(file: string, key: KeySource, { json }: { json: boolean }): Promise<number> {
  try {
    const receipt = await verifyReceipt(await readText(file), await readKey(key));
    process.stdout.write(json ? `${JSON.stringify({ genuine: true, receipt })}\n` : describe(receipt));
    return 0;
  } catch (error) {
    if (!(error instanceof NotGenuine) && !(error instanceof Unreadable)) throw error;
    const words = error instanceof NotGenuine ? `Not genuine: ${error.message}` : error.message;
    process.stderr.write(`${file}: ${words}\n`);
    if (json) process.stdout.write(`${JSON.stringify({ genuine: false, error: error.message })}\n`);
    return 1;
  }
}

async function readText(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAX_BYTES) throw new Unreadable('The file is too large to be one');
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw new Unreadable(error.message, { cause: error });
    throw error;
  }
}

async function readKey(key: KeySource): Promise<unknown> {
  const text = 'file' in key ? await readText(key.file) : await fetchText(key.url);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Unreadable('The key is not JSON', { cause });
  }
}

async function fetchText(address: string): Promise<string> {
  const url = address.endsWith('.json') ? address : `${address.replace(/\/+$/, '')}${RECEIPT_KEY_PATH}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Unreadable(`${url} answered ${response.status}`);
    return await response.text();
  } catch (cause) {
    if (cause instanceof Unreadable) throw cause;
    throw new Unreadable(`${url} cannot be read`, { cause });
  }
}

/** Control characters of a user id must not reach the terminal. */
const plain = (text: unknown) => String(text).replace(/\p{Cc}/gu, '\ufffd');

function describe({ submissionId, examId, userId, submittedAt, issuedAt, recordings, ...warnings }: SignedReceipt): string {
  const lines = [
    'Genuine: the server with this key signed it.',
    `Submission ${plain(submissionId)} of ${plain(userId)} in exam ${plain(examId)}, received ${plain(submittedAt)}`,
    `What the server had at ${plain(issuedAt)}:`,
    `  warnings: ${warnings.warningsReceived} received, ${warnings.warningsStored} of them new`,
    ...recordings.map(
      ({ id, type, bytes, complete, hashOf, sha256 }) =>
        `  ${plain(type)} ${plain(id)}: ${bytes} bytes, ${complete ? 'complete' : 'not complete'}, SHA-256 of the ${plain(hashOf)} ${plain(sha256)}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
