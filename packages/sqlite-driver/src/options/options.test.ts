import { expect, it } from 'vitest';
import { sqliteDialect } from '../sqlite-dialect.js';
import { sqlite } from '../sqlite-driver.js';

it.each([
  [{ foo: 1 }, 'sqlite has no option "foo". It has: profile, '],
  [{ inlineRead: true }, 'sqlite has no option "inlineRead". Did you mean "inlineReads"?'],
  [{ path: 'app.db' }, 'sqlite has no option "path".'],
])('%j is refused before anything is opened', (options, message) => {
  expect(() => sqlite(options as object)).toThrow(expect.objectContaining({ code: 'invalid_configuration' }));
  expect(() => sqlite(options as object)).toThrow(message);
});

it('a path is no object of options', () => {
  expect(() => sqlite('app.db' as never)).toThrow('sqlite takes an object of options, not a string.');
});

it('the dialect refuses an unknown option in its own name', () => {
  const open = (): unknown => sqliteDialect({ path: ':memory:', value: 'native' } as never);
  expect(open).toThrow('sqliteDialect has no option "value".');
});
