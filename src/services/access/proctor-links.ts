import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { ProctorLink } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { type AnswerKeeper, inPrisma, keepAnswers } from '../idempotency.ts';
import { createValidRows } from './valid-rows.ts';

export interface NewProctorLink {
  examId: string;
  name: string;
  expiresAt: Date;
  createdBy: string;
}

const WITH_TENANT = { exam: { select: { tenant: true } } } as const;

/** With what its token bears beside it. */
export type LinkOfExam = ProctorLink & { exam: { tenant: string } };

/** Personal admin links. The signed token is the link; the row is there to revoke it, and to know who made it. */
export function createProctorLinks({ db, bus, log }: { db: Database['prisma']; bus: Bus; log: Logger }) {
  const rows = createValidRows<{ id: string }>({
    bus,
    log,
    topic: 'links-revoked',
    read: (id) => db.proctorLink.findUnique({ where: { id, revokedAt: null }, select: { id: true } }),
    stillValid: (ids) => db.proctorLink.findMany({ where: { id: { in: ids }, revokedAt: null }, select: { id: true } }),
  });

  return {
    /** @returns null for a link that is unknown or revoked */
    find: rows.find,

    /** @param keeper stores the answer under the request's idempotency key in the same transaction */
    create: (link: NewProctorLink, keeper: AnswerKeeper | null): Promise<LinkOfExam> =>
      db.$transaction(async (tx) => {
        const row = await tx.proctorLink.create({ data: { id: newId('link'), ...link }, include: WITH_TENANT });
        if (keeper) await keepAnswers(inPrisma(tx), [await keeper.answer(row)]);
        return row;
      }),

    /** A second time changes nothing. */
    async revoke(id: string, by: string): Promise<LinkOfExam> {
      const { count } = await db.proctorLink.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date(), revokedBy: by } });
      if (count > 0) rows.announce();
      return db.proctorLink.findUniqueOrThrow({ where: { id }, include: WITH_TENANT });
    },

    follow: rows.follow,
    close: rows.close,
  };
}
