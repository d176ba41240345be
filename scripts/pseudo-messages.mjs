// A language that nobody speaks, made from the English messages, to try out what a translation changes: words are 40 % longer and go from
// right to left, and whatever is not in the catalogue is seen at once, because it has ordinary letters.
import { readFile } from 'node:fs/promises';
import { parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { printAST } from '@formatjs/icu-messageformat-parser/printer.js';
import { compileMessages } from './page-plugins.mjs';

const PLAIN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const OTHER = 'ȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑ';
const LONGER = /[ȧḗīǿŭ]/g;
/** Between them a text without a strong letter would stand the other way round. */
const RIGHT_TO_LEFT_MARK = '\u200f';

/** What becomes of words. @param {string} text */
export const disguise = (text) => text.replace(/[A-Za-z]/g, (letter) => OTHER[PLAIN.indexOf(letter)] ?? letter).replace(LONGER, '$&$&');

/** @param {import('@formatjs/icu-messageformat-parser').MessageFormatElement[]} elements */
function change(elements) {
  for (const element of elements) {
    if (element.type === TYPE.literal) element.value = disguise(element.value);
    else if (element.type === TYPE.select || element.type === TYPE.plural)
      for (const { value } of Object.values(element.options)) change(value);
  }
}

/** @param {string} message in ICU syntax */
function pseudo(message) {
  const elements = parse(message);
  change(elements);
  return `${RIGHT_TO_LEFT_MARK}${printAST(elements)}${RIGHT_TO_LEFT_MARK}`;
}

/** @typedef {{ [name: string]: string | Words }} Words */

/** @param {Words} words @returns {Words} */
const pseudoAll = (words) =>
  Object.fromEntries(Object.entries(words).map(([name, inner]) => [name, typeof inner === 'string' ? pseudo(inner) : pseudoAll(inner)]));

/**
 * Makes `strings/en.json?pseudo`, which a page loads only for `?lang=ar-XB`.
 * @returns {import('vite').Plugin}
 */
export const pseudoMessages = () => {
  let isBuild = false;
  return {
    name: 'invigil:pseudo-messages',
    enforce: 'pre',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    async load(id) {
      if (!id.endsWith('.json?pseudo')) return null;
      const words = pseudoAll(JSON.parse(await readFile(id.replace('?pseudo', ''), 'utf8')));
      const messages = isBuild ? await compileMessages(words) : words;
      return { code: `export default ${JSON.stringify(messages)};`, map: null, moduleType: 'js' };
    },
  };
};
