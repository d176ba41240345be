import { z } from 'zod';
import { text, timestamp, typed } from '../../validation.ts';

/**
 * Control and format characters are invisible or turn the direction of writing, so that one name could look like another. The two
 * joiners belong to the spelling of some languages.
 */
const INVISIBLE = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/** Fillers and the blank of Braille are letters and symbols that show nothing: such a name would be nobody's. */
const showsNothing = (value: string) => value.replaceAll(/[\p{Default_Ignorable_Code_Point}\p{White_Space}\u2800]/gu, '') === '';

/** A name of a person that others read: it shows something, and nothing else than it is. */
export const personName = (longest: number) =>
  text(longest)
    .trim()
    .min(1, { error: 'must not be empty', abort: true })
    .refine((value) => !showsNothing(value), 'must not be empty')
    .refine((value) => !INVISIBLE.test(value), 'must not contain control characters');

const name = personName(100).meta({ description: 'Name of the proctor, as the log shows it.' });

export const enterConsoleInput = z.object({ name }, typed('a JSON object'));

/** The name of the shared link: a console asks its bearer who it is. */
const personal = name.refine((value) => value.toLowerCase() !== 'proctor link', 'must be that of a person');

export const proctorLinkInput = z.object(
  { name: personal, expiresAt: timestamp.nullish().meta({ description: 'When the link ends; default: in 90 days, at most in 365.' }) },
  typed('a JSON object'),
);
