/** The line of PostgreSQL's output that best explains a failure: the last severe one (except refused connections), else the last. */
export function tellingLine(lines: readonly string[]): string | undefined {
  const filled = lines.map((line) => line.trim()).filter(Boolean);
  const grave = filled.findLast((line) => /\b(FATAL|PANIC|error):/.test(line) && !/the database system is/.test(line));
  const line = grave ?? filled.at(-1);
  return line?.replace(/^.*?\b(FATAL|PANIC|error):\s*/, '');
}
