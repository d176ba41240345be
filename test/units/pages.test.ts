import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { pageHeaders } from '../../src/http/pages/page-headers.ts';
import { createPages } from '../../src/http/pages/pages.ts';

// Not by a door: an https address and a bucket that redirects need certificates and an S3 server.

const policyOf = (...sources: Parameters<typeof pageHeaders>) => String(pageHeaders(...sources)['content-security-policy']).split('; ');

describe('the policy of a page', () => {
  it('shows exams by http only in a page that comes by http', () => {
    expect(policyOf('room', { bucket: null, isHttp: false })).toContain('frame-src https:');
    expect(policyOf('room', { bucket: null, isHttp: true })).toContain('frame-src https: http:');
  });

  it('permits pictures and video from the bucket to which downloads are redirected', () => {
    const policy = policyOf('room', { bucket: 'https://exams.s3.eu-central-1.amazonaws.com', isHttp: false });
    for (const kind of ['img-src', 'media-src'])
      expect(policy).toContain(`${kind} 'self' blob: https://exams.s3.eu-central-1.amazonaws.com`);
    expect(policy).toContain("script-src 'self'");
  });
});

describe('a server without built pages', () => {
  it('says so at its start, and to candidates, each what to do', async () => {
    const pages = await createPages({
      folder: '/nonexistent',
      publicUrl: 'http://localhost:4000',
      storage: { signedUrl: async () => null },
    });
    expect(pages.note).toContain('npm run build');
    const server = createServer((req, res) => void pages.answer(req, res, req.url ?? '')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/exam/exam_0`);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('Ask the person who sent you this link')]);
    server.close();
    server.closeAllConnections();
  });
});
