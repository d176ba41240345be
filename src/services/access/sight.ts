/** What somebody may see, as plain values: null is everything, an empty list nothing. */
export interface Sight {
  tenant: string | null;
  exams: readonly string[] | null;
  /** Whose participants, warnings and recordings. */
  users: readonly string[] | null;
}

/** The exam `e` within sight, of the parameters $2 and $3; as `visibleExams`. $4 is only named, so that it may go unused. */
export const EXAM_IN_SIGHT =
  '($2::text IS NULL OR e.tenant = $2) AND ($3::text[] IS NULL OR e.id = ANY($3)) AND ($4::text[] IS NULL OR true)';

/**
 * What is a user's within sight, of the parameter $4; as `visibleOfUser`. No condition that is switched off by a
 * parameter: the generic plan of a prepared statement could not use the index by user.
 */
export const ofUser = ({ users }: Sight, alias: string) => (users ? `${alias}."userId" = ANY($4)` : 'true');

/** A prepared statement with the parameters that the conditions above take, before those of its own. */
export const inSight = (name: string, text: string, id: string, { tenant, exams, users }: Sight, ...own: unknown[]) => ({
  name: users ? `${name}-of-user` : name,
  text,
  values: [id, tenant, exams, users, ...own],
});

/** Named one by one: a statement that was prepared with `*` fails where a migration adds a column. */
export const columns = (alias: string, fields: Record<string, string>) =>
  Object.values(fields)
    .map((column) => `${alias}."${column}"`)
    .join(', ');
