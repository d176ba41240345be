import { precisionOf, warningRecords } from '../resolvers/warning-records.ts';
import type { WarningRecord as Row } from '../services/reads/warning-records.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { WarningSourceEnum } from './warning.ts';

const WarningRecord = builder.objectRef<Row>('WarningRecord').implement({
  description: 'How often people agreed with warnings of one type and source, such as "dismissed 31 of 40".',
  fields: (t) => ({
    type: t.exposeString('type', { description: 'As `Warning.type`.' }),
    source: t.expose('source', { type: WarningSourceEnum, description: 'Who raised them.' }),
    confirmed: t.exposeInt('confirmed', { description: 'How many are CONFIRMED now, without those in `overturned`.' }),
    dismissed: t.exposeInt('dismissed', { description: 'How many are DISMISSED now, and those in `overturned`.' }),
    overturned: t.exposeInt('overturned', {
      description:
        'How many were CONFIRMED, but the candidate contested the verdict, it was overturned, and nobody has confirmed them since. They count as dismissed.',
    }),
    precision: t.float({
      nullable: true,
      description:
        'The share of the decided ones that were right, 0..1; null if fewer than five are decided. What nobody has decided on is not counted, and what people look at first is no random sample.',
      resolve: (record) => precisionOf(record),
    }),
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
