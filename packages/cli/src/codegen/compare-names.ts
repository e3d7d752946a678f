/** Compares by code point, which is the same on every machine. `localeCompare` depends on the locale. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
