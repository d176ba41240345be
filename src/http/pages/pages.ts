import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Storage } from '../../adapters/storage/storage.ts';
import { answerEarly } from '../answer-early.ts';
import { answerFile } from './answer-file.ts';
import { answerLinkPage, describeLinkPage } from './link-pages.ts';
import { readPageFiles } from './page-files.ts';
import { pageHeaders } from './page-headers.ts';

/** The page at `accessUrl`. It is the same for every exam: the server never sees the token, which is behind the `#`. */
const EXAM = /^\/exam\/exam_[0-9a-z]+$/;
const ASSETS = '/assets/';
const METHODS = 'GET, HEAD';

const MISSING =
  'The pages are not on this server: its operator can make them with `npm run build`. Ask the person who sent you this link.\n';
const MISSING_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

export interface PagesOptions {
  /** Where the build puts the pages. */
  folder: string;
  publicUrl: string;
  storage: Pick<Storage, 'signedUrl'>;
}

/** The pages in `web` as the build made them, with what they load, and the page at `adminUrl`. Reads all files once. */
export async function createPages({ folder, publicUrl, storage }: PagesOptions) {
  const files = await readPageFiles(folder);
  // Asked of the storage, because only it knows how its provider names a bucket.
  const download = await storage.signedUrl('any', { contentType: 'video/webm', disposition: 'inline' });
  const headers = pageHeaders({ bucket: download && new URL(download).origin, isHttp: publicUrl.startsWith('http:') });

  function find(path: string) {
    if (EXAM.test(path)) return { file: files?.pages.get('exam'), more: headers };
    const file = path.startsWith(ASSETS) ? files?.assets.get(path.slice(ASSETS.length)) : undefined;
    return file ? { file, more: {} } : null;
  }

  return {
    /** What the operator should know; null if all is well. */
    note: files ? null : "they are not built, so that candidates' links open nothing: run `npm run build`, then start again",
    /** Answers at the paths of pages and of what they load. @returns false for anything else */
    async answer(req: IncomingMessage, res: ServerResponse, path: string): Promise<boolean> {
      if (answerLinkPage(req, res, path)) return true;
      const found = find(path);
      if (!found) return false;
      if (req.method !== 'GET' && req.method !== 'HEAD') await refuseMethod(req, res);
      else if (found.file) answerFile(req, res, found.file, found.more);
      else await answerEarly(req, res, { status: 503, headers: MISSING_HEADERS, body: MISSING });
      return true;
    },
    /** The path for the log, without the name of an exam. Null for any other path. */
    describe(path: string): string | null {
      if (EXAM.test(path)) return '/exam/:examId';
      return path.startsWith(ASSETS) ? `${ASSETS}:file` : describeLinkPage(path);
    },
  };
}

const refuseMethod = (req: IncomingMessage, res: ServerResponse) =>
  answerEarly(req, res, {
    status: 405,
    headers: { allow: METHODS, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ error: { code: 'invalid_request', message: `Only ${METHODS} are possible here`, details: [] } }),
  });
