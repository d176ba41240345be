import { z } from 'zod';
import { text, typed } from '../../validation.ts';
import { personName } from '../access/input.ts';

const group = text(100).min(1, 'must not be empty');
/** As shown: one that a bearer of the shared link gave itself is longer by what follows it. */
const name = personName(200);

export const shareInput = z.object({ group }, typed('a JSON object'));
export const handOverInput = z.object({ group, to: name }, typed('a JSON object'));
