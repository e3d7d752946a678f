import { expect, it } from 'vitest';
import { postgresDialect } from '../postgres-dialect.js';
import { postgres } from '../postgres-driver.js';

it.each([
  [{ poolsize: 5 }, 'postgres has no option "poolsize". Did you mean "poolSize"?'],
  [{ max: 5 }, 'postgres has no option "max". '],
])('%j is refused before anything is opened', (options, message) => {
  expect(() => postgres(options as object)).toThrow(
    expect.objectContaining({ code: 'invalid_configuration' }),
  );
  expect(() => postgres(options as object)).toThrow(message);
});

it('the dialect refuses an unknown option in its own name', () => {
  const open = (): unknown =>
    postgresDialect({ url: 'postgres://localhost/app', isolationLevel: 1 } as never);
  expect(open).toThrow('postgresDialect has no option "isolationLevel".');
});
