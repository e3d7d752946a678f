import { expect, test } from 'vitest';
import { quoteIdentifier } from './quoting.js';
import { keyword, nameOf, namesIn, splitAtCommas, tokenize } from './tokens.js';

const texts = (sql: string): string[] => tokenize(sql).map(({ text }) => text);

test('quotes, brackets, comments and parentheses are whole tokens', () => {
  const sql = `a "b "" (c" [d (] \`e\`\`\` 'it''s (' -- ' ( "\n(x, (y)) /* ) */ 1.5e3;`;
  expect(texts(sql)).toStrictEqual([
    'a',
    '"b "" (c"',
    '[d (]',
    '`e```',
    "'it''s ('",
    '(x, (y))',
    '1.5e3',
    ';',
  ]);
});

test('what is left open ends with the text', () => {
  expect(texts('a /* b')).toStrictEqual(['a']);
  expect(texts('a (b, (c')).toStrictEqual(['a', '(b, (c']);
  expect(texts(`a 'b`)).toStrictEqual(['a', "'", 'b']);
});

test('names lose their quotes, and get them again', () => {
  const names = tokenize('"a""b" [a"b] `a``b` \'a\'\'b\' ab').map(nameOf);
  expect(names).toStrictEqual(['a"b', 'a"b', 'a`b', "a'b", 'ab']);
  expect(quoteIdentifier('a"b')).toBe('"a""b"');
});

test('a quoted word is no keyword', () => {
  expect(tokenize('check "check" [check]').map(keyword)).toStrictEqual(['CHECK', '', '']);
});

test('commas split at their own depth only', () => {
  const [group] = tokenize("(a, f(b, c), 'd, e')");
  expect(
    splitAtCommas(group?.inner ?? []).map((part) => part.map(({ text }) => text).join(' ')),
  ).toStrictEqual(['a', 'f (b, c)', "'d, e'"]);
  expect(namesIn(group?.inner ?? [])).toStrictEqual(['a', 'f', 'b', 'c']);
});
