import { quoteName, quoteText } from '../sql/quote.js';
import { afterGroup, keyword, nameOf, type Token, tokenize } from '../sql/tokens.js';

/** The translation into PostgreSQL's SQL, or the reason why there is none. */
export type Translation = { readonly sql: string } | { readonly reason: string };

/** The names that an expression can refer to. */
export interface ExpressionScope {
  /** Target name by lower-case source name; any other name is unknown. */
  readonly columns: ReadonlyMap<string, string>;
  /** Column types by lower-case source name, where known. */
  readonly types: ReadonlyMap<string, string>;
  /** Digits after the point, by lower-case source name, of numerics that SQLite stores as whole numbers. */
  readonly scales?: ReadonlyMap<string, number | undefined>;
  /** Whether it is a whole query, in which other names are aliases and the keywords of queries are allowed. */
  readonly isQuery?: boolean;
}

/** Keywords of expressions with the same meaning on both engines. */
const KEYWORDS = new Set(
  'AND OR NOT NULL IS IN BETWEEN CASE WHEN THEN ELSE END LIKE ESCAPE DISTINCT FROM EXISTS CAST AS'.split(' '),
);

/** Keywords of queries, and of statements in triggers, with the same meaning on both engines. */
const QUERY_WORDS = new Set(
  'SELECT ALL WHERE GROUP BY HAVING ORDER ASC DESC JOIN INNER LEFT RIGHT FULL OUTER CROSS ON USING UNION INTERSECT EXCEPT WITH RECURSIVE LIMIT OFFSET VALUES INSERT INTO UPDATE SET DELETE NEW OLD'.split(
    ' ',
  ),
);

const AGGREGATES: Readonly<Record<string, string>> = {
  count: 'count',
  max: 'max',
  min: 'min',
  sum: 'sum',
  row_number: 'row_number',
  rank: 'rank',
};

/** Functions with the same result for the same arguments (sqlite.org/lang_corefunc.html), by their name in SQLite. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  abs: 'abs',
  coalesce: 'coalesce',
  ifnull: 'coalesce',
  length: 'length',
  ltrim: 'ltrim',
  nullif: 'nullif',
  octet_length: 'octet_length',
  replace: 'replace',
  rtrim: 'rtrim',
  sign: 'sign',
  trim: 'btrim',
};

/** Functions that change ASCII letters only. PostgreSQL's do the same under the collation "C". */
const ASCII_FUNCTIONS = new Set(['lower', 'upper']);

const OPERATORS = new Set([
  '+',
  '-',
  '*',
  '(',
  ')',
  ',',
  '<',
  '>',
  '<=',
  '>=',
  '=',
  '<>',
  '||',
  '.',
  '~',
  '&',
  '|',
  '<<',
  '>>',
]);

/** Translates an expression of a CHECK, a generated column or an index. Every token of it must have a rule. */
export function translateExpression(sql: string, scope: ExpressionScope): Translation {
  const tokens = tokenize(sql);
  const divided = dividedNumeric(tokens, scope);
  if (divided !== undefined) return { reason: divided };
  const parts: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const step = translateToken(tokens, at, scope);
    if ('reason' in step) return step;
    parts.push(step.sql);
    at += step.taken - 1;
  }
  return { sql: parts.join(' ').replaceAll(' . ', '.') };
}

type Step = { readonly sql: string; readonly taken: number } | { readonly reason: string };

function translateToken(tokens: readonly Token[], at: number, scope: ExpressionScope): Step {
  const token = tokens[at];
  if (token === undefined) return { reason: 'it ends too early' };
  switch (token.kind) {
    case 'number':
      return /^0x/i.test(token.text) ? one(String(BigInt(token.text))) : one(token.text.replaceAll('_', ''));
    case 'string':
      return one(stringLiteral(token.text));
    case 'blob':
      return one(`'\\x${token.text.slice(2, -1)}'::bytea`);
    case 'parameter':
      return { reason: `the parameter ${token.text}` };
    case 'symbol':
      return token.text === '/' || token.text === '%'
        ? translateDivision(tokens, at, scope)
        : translateSymbol(token.text);
    case 'name':
      return translateName(tokens, at, scope);
    case 'word':
      return translateWord(tokens, at, scope);
  }
}

function translateSymbol(text: string): Step {
  if (text === '==') return one('=');
  if (text === '!=') return one('<>');
  return OPERATORS.has(text) ? one(text) : { reason: `the operator "${text}"` };
}

/** Translates a division. A division by zero is NULL in SQLite, and an error in PostgreSQL. */
function translateDivision(tokens: readonly Token[], at: number, scope: ExpressionScope): Step {
  const divisor = tokens[at + 1];
  const operator = tokens[at]?.text ?? '';
  if (divisor?.kind === 'number' && Number(divisor.text) !== 0) return one(operator);
  const next = tokens[at + 2]?.text;
  const isSimple = (divisor?.kind === 'word' || divisor?.kind === 'name') && next !== '.' && next !== '(';
  if (!isSimple) return { reason: `"${operator}" by an expression, which may be zero` };
  const step = translateToken(tokens, at + 1, scope);
  return 'reason' in step ? step : { sql: `${operator} nullif(${step.sql}, 0)`, taken: 2 };
}

/** Translates a quoted name. SQLite reads a name in double quotes that is not a column as a string. */
function translateName(tokens: readonly Token[], at: number, scope: ExpressionScope): Step {
  const { columns, isQuery } = scope;
  const token = tokens[at] as Token;
  const target = columns.get(nameOf(token).toLowerCase());
  if (target !== undefined)
    return scaledColumn(tokens, at, quoteName(target), scope) ?? one(quoteName(target));
  if (isQuery === true) return one(quoteName(nameOf(token).toLowerCase()));
  return token.text.startsWith('"')
    ? one(quoteText(nameOf(token)))
    : { reason: `the unknown name ${token.text}` };
}

function translateWord(tokens: readonly Token[], at: number, scope: ExpressionScope): Step {
  const token = tokens[at];
  const word = keyword(token);
  const isCall = tokens[at + 1]?.text === '(';
  const isKeyword = KEYWORDS.has(word) || (scope.isQuery === true && QUERY_WORDS.has(word));
  // A table's name, too, is followed by a parenthesis: in INSERT INTO t (…) and in WITH t (…).
  const isTable =
    scope.isQuery === true &&
    isCall &&
    (keyword(tokens[at - 1]) === 'INTO' || isCommonTable(tokens, afterGroup(tokens, at + 1)));
  if (isCall && !isKeyword && !isTable) return translateCall(tokens, at, word.toLowerCase(), scope);
  const column = scope.columns.get((token?.text ?? '').toLowerCase());
  if (column !== undefined && !isKeyword) return translateColumn(tokens, at, column, scope);
  if (word === 'LIKE') return translateLike(tokens, at);
  if (word === 'TRUE' || word === 'FALSE') return one(word.toLowerCase());
  if (word === 'CURRENT_TIMESTAMP' || word === 'CURRENT_DATE' || word === 'CURRENT_TIME')
    return { reason: word };
  if (word === 'CAST') return { reason: 'CAST, whose rules differ' };
  if (isKeyword) return one(word.toLowerCase());
  if (scope.isQuery === true) return one(quoteName((token?.text ?? '').toLowerCase()));
  return { reason: `"${token?.text}"` };
}

/** Whether `AS (` follows, as in WITH name (columns) AS (…). After a function call, AS is followed by an alias. */
function isCommonTable(tokens: readonly Token[], at: number): boolean {
  return keyword(tokens[at]) === 'AS' && tokens[at + 1]?.text === '(';
}

/** Translates a column. A boolean column is compared with true and false in PostgreSQL, and with 1 and 0 in SQLite. */
function translateColumn(tokens: readonly Token[], at: number, column: string, scope: ExpressionScope): Step {
  const { types } = scope;
  const name = quoteName(column);
  const scaled = scaledColumn(tokens, at, name, scope);
  if (scaled !== undefined) return scaled;
  if (types.get((tokens[at]?.text ?? '').toLowerCase()) !== 'boolean') return one(name);
  const operator = tokens[at + 1]?.text ?? '';
  const bit = tokens[at + 2]?.text;
  const isComparison = ['=', '==', '<>', '!='].includes(operator) && (bit === '0' || bit === '1');
  if (isComparison) {
    const isTrue = (bit === '1') === (operator === '=' || operator === '==');
    return { sql: isTrue ? name : `not ${name}`, taken: 3 };
  }
  const list = tokens
    .slice(at + 1, at + 7)
    .map(({ text }) => text.toLowerCase())
    .join('');
  if (list.startsWith('in(0,1)') || list.startsWith('in(1,0)'))
    return { sql: `${name} in (true, false)`, taken: 7 };
  return one(name);
}

const COMPARISONS = new Set(['<', '<=', '<>', '=', '==', '!=', '>', '>=']);

/**
 * Translates a numeric that SQLite stores as a whole number, as an expression of raw SQL sees it: 12.50 is 1250. Against 0 both are the same. In a query it may be
 * what is selected, so there it is not compared or calculated with. `undefined` for another column.
 */
function scaledColumn(
  tokens: readonly Token[],
  at: number,
  name: string,
  { isQuery, scales }: ExpressionScope,
): Step | undefined {
  const scale = scaleOf(tokens[at], scales);
  if (scale === undefined || scale === 0) return undefined;
  const [before, after, other] = [tokens[at - 1]?.text ?? '', tokens[at + 1]?.text ?? '', tokens[at + 2]];
  const isSign = COMPARISONS.has(after) && Number(other?.text) === 0 && other?.kind === 'number';
  const next = tokens[at + 3];
  const isAlone = next === undefined || next.text === ')' || next.kind === 'word';
  if (isSign && isAlone && !isOperator(before)) return undefined;
  if (isQuery !== true) return one(`(${name} * 1${'0'.repeat(scale)})`);
  const isCompared = [before, after].some((text) => isOperator(text) || /^(?:between|in|like)$/i.test(text));
  return isCompared ? { reason: `${name}, which SQLite has as a whole number of its last digit` } : undefined;
}

function isOperator(text: string): boolean {
  return !['', '(', ')', ',', '.', ';'].includes(text) && !/^["'\w[`]/.test(text);
}

/** SQLite divides whole numbers without a fraction. */
function dividedNumeric(tokens: readonly Token[], { scales }: ExpressionScope): string | undefined {
  if (!tokens.some(({ kind, text }) => kind === 'symbol' && (text === '/' || text === '%'))) return undefined;
  const numeric = tokens.find((token) => (scaleOf(token, scales) ?? 0) > 0);
  return numeric === undefined
    ? undefined
    : `a division beside ${numeric.text}, which SQLite has as a whole number`;
}

function scaleOf(token: Token | undefined, scales: ExpressionScope['scales']): number | undefined {
  if (token === undefined || (token.kind !== 'name' && token.kind !== 'word')) return undefined;
  return scales?.get((token.kind === 'name' ? nameOf(token) : token.text).toLowerCase());
}

/** Translates LIKE. SQLite's LIKE ignores the case of ASCII letters, as ILIKE does under the collation "C", and has no default escape character. */
function translateLike(tokens: readonly Token[], at: number): Step {
  const pattern = tokens[at + 1];
  if (pattern?.kind !== 'string' || keyword(tokens[at + 2]) === 'ESCAPE')
    return { reason: 'LIKE with a pattern that is no literal' };
  return { sql: `ilike ${stringLiteral(pattern.text)} collate "C" escape ''`, taken: 2 };
}

function translateCall(
  tokens: readonly Token[],
  at: number,
  name: string,
  { isQuery }: ExpressionScope,
): Step {
  const aggregate = isQuery === true ? AGGREGATES[name] : undefined;
  if (aggregate !== undefined) return one(aggregate);
  const inner = tokens[at + 2];
  if (ASCII_FUNCTIONS.has(name) && inner !== undefined && tokens[at + 3]?.text === ')') {
    return one(name);
  }
  const target = FUNCTIONS[name];
  return target === undefined ? { reason: `the function ${name}()` } : one(target);
}

function one(sql: string): Step {
  return { sql, taken: 1 };
}

/** Writes a string literal in which a backslash is an ordinary character, as in SQLite. */
function stringLiteral(text: string): string {
  return text.includes('\\') ? `E${text.replaceAll('\\', '\\\\')}` : text;
}
