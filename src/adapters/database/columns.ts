/**
 * The columns of a table, for a hand-written statement. Listed by name, because a prepared statement with `*` fails when a
 * migration adds a column.
 * @param alias alias of the table
 * @param fields Prisma's `…ScalarFieldEnum`
 */
export const columns = (alias: string, fields: Record<string, string>) =>
  Object.values(fields)
    .map((column) => `${alias}."${column}"`)
    .join(', ');
