import { z } from 'zod';
import { timestamp, userIdInput } from '../../validation.ts';

export const snapshotInput = z.object({ userId: userIdInput.nullish(), takenAt: timestamp.nullish() });
