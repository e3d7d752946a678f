import { describe, expect, it } from 'vitest';
import { assertKnownOptions, type OptionNames } from './known-options.js';

interface Sample {
  readonly camelCase?: boolean;
  readonly timeoutMs?: number;
}

const NAMES: OptionNames<Required<Sample>> = { camelCase: true, timeoutMs: true };

const check = (options: unknown): void => assertKnownOptions<Sample>('sample', options, NAMES);

describe('the names of options', () => {
  it('are those that are known', () => {
    expect(() => check({})).not.toThrow();
    expect(() => check({ camelCase: true, timeoutMs: 5 })).not.toThrow();
  });

  it.each([
    ['camelcase', 'camelCase'],
    ['timeout', 'timeoutMs'],
    ['camel_case', 'camelCase'],
  ])('suggest what was meant by %s', (name, meant) => {
    expect(() => check({ [name]: true })).toThrow(`sample has no option "${name}". Did you mean "${meant}"?`);
  });

  it.each(['other', 'constructor', '__proto__', 'toString'])('are listed where none is like %s', (name) => {
    const options = Object.defineProperty({}, name, { value: 1, enumerable: true });
    expect(() => check(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringMatching(/has no option .*It has: camelCase, timeoutMs\./),
      }),
    );
  });

  it.each([
    ['text', 'a string'],
    [null, 'null'],
    [[], 'an array'],
    [() => {}, 'a function'],
  ])('are those of an object, not of %s', (options, kind) => {
    expect(() => check(options)).toThrow(`sample takes an object of options, not ${kind}.`);
  });
});
