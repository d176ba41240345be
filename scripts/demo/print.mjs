const colours = process.stdout.isTTY;

/** @param {number | undefined} code of ANSI colours */
export const paint = (code, text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);

export function say(what, text) {
  console.log(`${paint(1, what.padEnd(12))} ${text}`);
}

/** Minutes and seconds. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

export function bar(label, fraction) {
  const width = 30;
  const filled = Math.round(width * fraction);
  const text = `  ${label.padEnd(22)} [${'█'.repeat(filled)}${'·'.repeat(width - filled)}] ${String(Math.round(100 * fraction)).padStart(3)} %`;
  if (colours) process.stdout.write(`\r${text}${fraction >= 1 ? '\n' : ''}`);
  else if (fraction >= 1) console.log(text);
}

export function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column] + 2))).join('')}`;
  console.log(paint(1, line(head)));
  for (const row of rows) console.log(line(row));
}
