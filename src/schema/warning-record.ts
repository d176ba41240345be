import { warningRecords } from '../resolvers/warning-records.ts';
import type { WarningRecord as Row } from '../services/reads/warning-records.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { WarningSourceEnum } from './warning.ts';

const WarningRecord = builder.objectRef<Row>('WarningRecord').implement({
  description: 'How often people agreed with warnings of one type and source, such as "dismissed 31 of 40".',
  fields: (t) => ({
    type: t.exposeString('type', { description: 'As `Warning.type`.' }),
    source: t.expose('source', { type: WarningSourceEnum, description: 'Who raised them.' }),
    confirmed: t.exposeInt('confirmed', { description: 'How many are CONFIRMED now.' }),
    dismissed: t.exposeInt('dismissed', { description: 'How many are DISMISSED now.' }),
  }),
});

builder.queryField('warningRecord', (t) =>
  t.field({
    type: [WarningRecord],
    authScopes: { staff: true },
    description:
      'What people decided about warnings in all exams of the organisation that owns this exam, by type, then source: a record of how far a detector can be trusted here. Types on which nobody has decided are missing. Staff of the exam only.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => warningRecords(ctx, examId),
  }),
);
