/** A character that no generated name keeps. */
const MARK = '\u2060';

/**
 * The name under which kysely-codegen gets a table. It looks names up in a plain object, where `constructor` and the other members of Object.prototype are always
 * found, so these are marked.
 */
export function toSymbolName(name: string): string {
  return name in Object.prototype ? `${name}${MARK}` : name;
}

/** The name of the table, or column, that kysely-codegen had. */
export function fromSymbolName(name: string): string {
  return name.endsWith(MARK) ? name.slice(0, -MARK.length) : name;
}
