import { z } from 'zod';
import { lower, time } from './parts.ts';

export const viewer = z.strictObject({
  role: lower('admin', 'lms', 'proctor', 'participant', 'anonymous').meta({ description: 'What the credentials permit.' }),
  name: z.string().meta({ description: 'Who it is, as the log shows it.' }),
  examId: z.string().nullable().meta({ description: 'The only exam that a link or a token opens.' }),
  userId: z.string().nullable().meta({ description: 'The user of a participant.' }),
  organisation: z.string().nullable().meta({ description: 'The organisation whose exams are visible; null for admins.' }),
  expiresAt: time.nullable().meta({ description: 'When the token ends; null for API keys.' }),
});

export const proctorLink = z.strictObject({
  id: z.string().meta({ description: 'Id of the link.' }),
  name: z.string().meta({ description: 'Name of the proctor.' }),
  url: z.string().meta({ description: 'The link.' }),
  expiresAt: time.meta({ description: 'When it ends.' }),
  revokedAt: time.optional().meta({ description: 'When it was closed.' }),
});

export const proctorSession = z.strictObject({
  token: z.string().meta({ description: 'Token for this exam that bears the name.' }),
  name: z.string().meta({ description: 'The name as the log shows it.' }),
  expiresAt: time.meta({ description: 'When the token ends.' }),
});
