/**
 * The columns of a table, for a statement written by hand. Named one by one: a statement that was prepared with `*` fails
 * where a migration adds a column.
 * @param alias of the table
 * @param fields Prisma's `…ScalarFieldEnum`
 */
export const columns = (alias: string, fields: Record<string, string>) =>
  Object.values(fields)
    .map((column) => `${alias}."${column}"`)
    .join(', ');
