/** A constraint that its table gives a name. */
export interface NamedConstraint {
  readonly name: string;
  readonly kind: 'check' | 'foreign key' | 'primary key' | 'unique';
  /** Its columns; for a check its expression. */
  readonly columns: readonly string[];
  readonly expression: string;
}

const IDENTIFIER = String.raw`"(?:[^"]|"")+"|\[[^\]]+\]|\`[^\`]+\`|\w+`;
const NAMED = new RegExp(
  String.raw`\bconstraint\s+(${IDENTIFIER})\s+(check|foreign\s+key|primary\s+key|unique)\s*\(`,
  'gi',
);

/** The named constraints in the text of a CREATE TABLE; SQLite keeps their names nowhere else. */
export function namedConstraints(createTable: string): NamedConstraint[] {
  return [...createTable.matchAll(NAMED)].map((match) => {
    const [opening, name = '', kind = ''] = match;
    const expression = untilClosed(createTable, match.index + opening.length);
    return {
      name: unquote(name),
      kind: kind.toLowerCase().replace(/\s+/, ' ') as NamedConstraint['kind'],
      columns: identifiersIn(expression),
      expression,
    };
  });
}

/** The identifiers of an expression in order of their first appearance; text in quotes is none. */
export function identifiersIn(expression: string): string[] {
  const words = expression.replaceAll(/'(?:[^']|'')*'/g, ' ').match(new RegExp(IDENTIFIER, 'g')) ?? [];
  return [...new Set(words.map(unquote))];
}

/** The text up to the parenthesis that closes the one before `start`. */
function untilClosed(text: string, start: number): string {
  let depth = 1;
  for (const { index, 0: token } of text.slice(start).matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth === 0) return text.slice(start, start + index);
  }
  return text.slice(start);
}

function unquote(identifier: string): string {
  if (identifier.startsWith('"')) return identifier.slice(1, -1).replaceAll('""', '"');
  return /^[[`]/.test(identifier) ? identifier.slice(1, -1) : identifier;
}
