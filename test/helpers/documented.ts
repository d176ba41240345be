import { expect } from 'vitest';
import { routes } from '../../rest-compat/routes.ts';

const patterns = routes.map((route) => ({ route, pattern: new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`) }));

/** `METHOD /path` of the routes whose answers were checked in this test file. */
export const checkedRoutes = new Set<string>();

/** Fails where a successful JSON answer is not what its route declares, to the last member. */
export async function expectDocumented(method: string, path: string, response: Response): Promise<void> {
  if (response.status !== 200 || !response.headers.get('content-type')?.startsWith('application/json')) return;
  const pathname = path.split('?', 1)[0] ?? '';
  const found = patterns.find(({ route, pattern }) => route.method === method && pattern.test(pathname));
  if (!found) return;
  const { success, error } = found.route.answer.safeParse(await response.clone().json());
  expect(success, `${method} ${path} answers something that it does not declare: ${error?.message}`).toBe(true);
  checkedRoutes.add(`${method} ${found.route.path}`);
}
