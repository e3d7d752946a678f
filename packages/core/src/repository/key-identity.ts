/** A text that identifies a key by its encoded values, for use as a key of a Map or a Set. */
export function keyIdentity(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => (value instanceof Uint8Array ? [...value] : String(value))));
}
