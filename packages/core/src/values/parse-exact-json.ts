import { ValueError } from '../errors/data-errors.js';
import { inexactMessage, inexactNumber } from './exact-json.js';

/**
 * Parses the JSON of a column. A number that JavaScript would round is refused: an integer beyond 2^53 or digits beyond those of a double that do not
 * survive, and an exponent beyond a double's.
 *
 * @throws ValueError that names the place of the number; SyntaxError when the text is no JSON.
 */
export function parseExactJson(text: string, column: string): unknown {
  const value: unknown = JSON.parse(text);
  const path = inexactNumber(text);
  if (path === undefined) return value;
  throw new ValueError(inexactMessage(column, path), { column });
}
