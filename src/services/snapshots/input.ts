import { z } from 'zod';
import { timestamp, userIdInput } from '../../validation.ts';

export const snapshotInput = z.object({
  userId: userIdInput.nullish().meta({ description: 'The user in the picture; participants may leave it out.' }),
  takenAt: timestamp.nullish().meta({ description: 'When the picture was taken, within the last 30 s; default: when it arrives.' }),
});
