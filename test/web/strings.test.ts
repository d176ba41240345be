import { readFile } from 'node:fs/promises';
import { parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { expect, it } from 'vitest';

type Words = { [name: string]: string | Words };
const read = async (page: string, language: string) =>
  JSON.parse(await readFile(new URL(`../../web/${page}/strings/${language}.json`, import.meta.url), 'utf8')) as Words;

const flat = (words: Words, prefix = ''): [string, string][] =>
  Object.entries(words).flatMap(([name, value]) =>
    typeof value === 'string' ? [[prefix + name, value] as [string, string]] : flat(value, `${prefix}${name}.`),
  );

/** The names of what is filled in. */
function placeholders(text: string): string[] {
  const names = new Set<string>();
  const visit = (elements: ReturnType<typeof parse>): void => {
    for (const element of elements) {
      if ('value' in element && element.type !== TYPE.literal) names.add(element.value);
      if ('options' in element)
        for (const { value } of Object.values(element.options as Record<string, { value: typeof elements }>)) visit(value);
    }
  };
  visit(parse(text));
  names.delete('#');
  return [...names].toSorted();
}

/** Words that are the same in both languages. */
const SAME: Readonly<Record<string, string[]>> = {
  room: ['page.title', 'welcome.title', 'ended.hash'],
  staff: ['status.DISCONNECTED', 'pulse.online'],
};

it.each(Object.keys(SAME))(
  'German says everything that English says in the pages of %s, with the same things filled in, and nothing that only one of them has',
  async (page) => {
    const [en, de] = (await Promise.all([read(page, 'en'), read(page, 'de')])).map((words) => flat(words));
    const shape = (words: [string, string][] = []) => words.map(([name, text]) => [name, placeholders(text)]);
    expect(shape(de)).toEqual(shape(en));
    const same = (de ?? []).filter(([, text], n) => text === en?.[n]?.[1]).map(([name]) => name);
    expect(same).toEqual(SAME[page]);
  },
);
