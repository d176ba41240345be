/**
 * A signed link of the server, by the address under which this page has it: a page that was opened by another name of the same machine
 * may load nothing from the public one.
 */
export function linkFrom(root: URL, link: string): string {
  const { pathname, search } = new URL(link);
  return new URL(pathname.slice(pathname.lastIndexOf('/api/') + 1) + search, root).href;
}
