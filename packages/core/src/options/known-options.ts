import { ConfigurationError } from '../errors/usage-errors.js';

/** The names of all options of a type. An object, so that the compiler finds a name that is missing here, or left over. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Checks that an object of options has no other names than those known, so that no option that is spelled wrongly is passed over.
 *
 * @param taker what takes the options, as the message calls it: `openStorage`.
 * @throws ConfigurationError `invalid_configuration`, which names the option and suggests the one that was probably meant.
 */
export function assertKnownOptions<Options>(
  taker: string,
  options: unknown,
  known: OptionNames<Required<Options>>,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw refused(`${taker} takes an object of options, not ${describeKind(options)}.`);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name))
      throw refused(`${taker} has no option "${name}". ${suggestion(name, Object.keys(known))}`);
  }
}

/** What a value is, in a message; never the value itself. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Names the known name that is most like a wrong one, or all of them where none is like it. */
export function suggestion(name: string, known: readonly string[]): string {
  const allowed = Math.max(2, Math.floor(name.length / 3));
  let nearest: string | undefined;
  let least = allowed + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest === undefined ? `It has: ${known.join(', ')}.` : `Did you mean "${nearest}"?`;
}

/** How many characters must be inserted, deleted or replaced to turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
