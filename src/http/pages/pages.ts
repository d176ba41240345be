import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Storage } from '../../adapters/storage/storage.ts';
import { answerEarly } from '../answer-early.ts';
import { answerFile } from './answer-file.ts';
import { readPageFiles } from './page-files.ts';
import { type PageKind, pageHeaders } from './page-headers.ts';

/**
 * Paths of pages, and the folders in which the build puts them. Each is the same for every exam: the server never sees the token, which
 * is behind the `#`.
 */
const PAGES: readonly { path: RegExp; folder: string; kind: PageKind; name: string }[] = [
  { path: /^\/exam\/exam_[0-9a-z]+$/, folder: 'exam', kind: 'room', name: '/exam/:examId' },
  { path: /^\/admin\/exam\/exam_[0-9a-z]+$/, folder: 'admin/exam', kind: 'staff', name: '/admin/exam/:examId' },
  { path: /^\/console\/$/, folder: 'console', kind: 'staff', name: '/console/' },
];
/** Without the slash its scripts would be looked for in another place. */
const CONSOLE = '/console';
const ASSETS = '/assets/';
const METHODS = 'GET, HEAD';

const pageAt = (path: string) => PAGES.find((page) => page.path.test(path));

const MISSING =
  'The pages are not on this server: its operator can make them with `npm run build`. Ask the person who sent you this link.\n';
const MISSING_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

export interface PagesOptions {
  /** Where the build puts the pages. */
  folder: string;
  publicUrl: string;
  storage: Pick<Storage, 'signedUrl'>;
}

/** The pages in `web` as the build made them, with what they load. Reads all files once. */
export async function createPages({ folder, publicUrl, storage }: PagesOptions) {
  const files = await readPageFiles(folder);
  // Asked of the storage, because only it knows how its provider names a bucket.
  const download = await storage.signedUrl('any', { contentType: 'video/webm', disposition: 'inline' });
  const sources = { bucket: download && new URL(download).origin, isHttp: publicUrl.startsWith('http:') };
  const headers = { room: pageHeaders('room', sources), staff: pageHeaders('staff', sources) };

  function find(path: string) {
    const page = pageAt(path);
    if (page) return { file: files?.pages.get(page.folder), more: headers[page.kind] };
    const file = path.startsWith(ASSETS) ? files?.assets.get(path.slice(ASSETS.length)) : undefined;
    return file ? { file, more: {} } : null;
  }

  return {
    /** What the operator should know; null if all is well. */
    note: files ? null : 'they are not built, so that links open nothing: run `npm run build`, then start again',
    /** Answers at the paths of pages and of what they load. @returns false for anything else */
    async answer(req: IncomingMessage, res: ServerResponse, path: string): Promise<boolean> {
      if (path === CONSOLE) {
        // Relative, for a proxy that adds a prefix.
        await answerEarly(req, res, { status: 308, headers: { location: 'console/', 'cache-control': 'no-store' }, body: '' });
        return true;
      }
      const found = find(path);
      if (!found) return false;
      if (req.method !== 'GET' && req.method !== 'HEAD') await refuseMethod(req, res);
      else if (found.file) answerFile(req, res, found.file, found.more);
      else await answerEarly(req, res, { status: 503, headers: MISSING_HEADERS, body: MISSING });
      return true;
    },
    /** The path for the log, without the name of an exam. Null for any other path. */
    describe(path: string): string | null {
      if (path === CONSOLE) return CONSOLE;
      return path.startsWith(ASSETS) ? `${ASSETS}:file` : (pageAt(path)?.name ?? null);
    },
  };
}

const refuseMethod = (req: IncomingMessage, res: ServerResponse) =>
  answerEarly(req, res, {
    status: 405,
    headers: { allow: METHODS, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ error: { code: 'invalid_request', message: `Only ${METHODS} are possible here`, details: [] } }),
  });
