import type { PackedStatements, ThreadStatement } from './thread-protocol.js';

/** Packs statements for their way to a thread. */
export function packStatements(statements: readonly ThreadStatement[]): PackedStatements {
  const indexes = new Map<string, number>();
  const texts: PackedStatements['texts'][number][] = [];
  const which = statements.map(({ sql, isShort = false, isCounted = false }) => {
    let index = indexes.get(sql);
    if (index === undefined) {
      index = texts.push({ sql, isShort, isCounted }) - 1;
      indexes.set(sql, index);
    }
    return index;
  });
  return { texts, which, parameters: statements.map(({ parameters }) => parameters) };
}

/** The statements again. */
export function unpackStatements({ texts, which, parameters }: PackedStatements): ThreadStatement[] {
  return which.map((text, index) => ({ sql: '', ...texts[text], parameters: parameters[index] ?? [] }));
}
