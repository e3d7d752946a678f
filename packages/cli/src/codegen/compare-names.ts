/** Sorts by code point, which is the same on every machine; `localeCompare` is not. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
