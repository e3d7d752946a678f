import { quoteName, quoteText } from '../sql/quote.js';
import { keyword, nameOf, sourceText, tokenize } from '../sql/tokens.js';
import { type ExpressionScope, type Translation, translateExpression } from './expression.js';

/** Translates CREATE VIEW. PostgreSQL may still refuse the result, which is then listed as untranslated. */
export function translateView(name: string, sql: string, scope: ExpressionScope): Translation {
  const tokens = tokenize(sql).filter(({ text }) => text !== ';');
  const as = tokens.findIndex((token) => keyword(token) === 'AS');
  const head = tokens.slice(0, as);
  if (/^TEMP/.test(keyword(head[1]))) return { reason: 'a temporary view' };
  const open = head.findIndex(({ text }) => text === '(');
  const columns =
    open < 0
      ? ''
      : ` (${head
          .slice(open + 1, -1)
          .filter(({ text }) => text !== ',')
          .map((column) => quoteName(nameOf(column)))
          .join(', ')})`;
  const body = tokens.slice(as + 1);
  const words = body.map(keyword);
  if (words.includes('ORDER') && words.includes('LIMIT')) {
    return { reason: 'ORDER BY with LIMIT: NULLs sort at the other end' };
  }
  if (body.some((token, index) => keyword(token) === 'LIMIT' && body[index + 1]?.text === '-')) {
    return { reason: 'a negative LIMIT, which PostgreSQL refuses' };
  }
  const query = translateExpression(sourceText(sql, body), { ...scope, isQuery: true });
  return 'reason' in query ? query : { sql: `create view ${quoteName(name)}${columns} as ${query.sql}` };
}

const TRIGGER =
  /^\s*create\s+(?:temp\w*\s+)?trigger\s+(?:if\s+not\s+exists\s+)?(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|[^\s]+)\s+(before|after|instead\s+of)?\s*(delete|insert|update)(?:\s+of\s+([\s\S]+?))?\s+on\s+(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|[^\s]+)\s*(?:for\s+each\s+row\s*)?(?:when\s+([\s\S]+?)\s*)?\bbegin\b([\s\S]*)\bend\s*;?\s*$/i;

/** The statements that create a trigger and its function. */
export interface TriggerTranslation {
  readonly functionSql: string;
  readonly triggerSql: string;
}

/** The quoted name of a trigger's function. */
export function triggerFunctionName(trigger: string): string {
  return quoteName(`${trigger}_sluice`.slice(0, 60));
}

/** Translates a trigger whose body has INSERT, UPDATE, DELETE and SELECT RAISE statements only. */
export function translateTrigger(
  name: string,
  table: string,
  sql: string,
  scope: ExpressionScope,
): TriggerTranslation | { readonly reason: string } {
  const match = TRIGGER.exec(sql);
  if (match === null) return { reason: 'a form of CREATE TRIGGER that no rule knows' };
  const [, time = 'before', event = '', ofColumns, when, body = ''] = match;
  if (/instead/i.test(time)) return { reason: 'INSTEAD OF' };
  if (/before/i.test(time) && !/^\s*select\s+raise/i.test(body))
    return { reason: 'BEFORE with statements that change rows' };
  const query = { ...scope, isQuery: true };
  const statements: string[] = [];
  for (const statement of splitStatements(body)) {
    const translated = translateStatement(statement, query);
    if ('reason' in translated) return translated;
    statements.push(translated.sql);
  }
  const condition = when === undefined ? undefined : translateExpression(when, query);
  if (condition !== undefined && 'reason' in condition) return condition;
  const columns =
    ofColumns === undefined
      ? ''
      : ` of ${ofColumns
          .split(',')
          .map((column) => quoteName(nameOf(tokenize(column)[0])))
          .join(', ')}`;
  const functionName = triggerFunctionName(name);
  const changesItself = tokenize(body).some((token) => nameOf(token).toLowerCase() === table.toLowerCase());
  // By default a trigger of SQLite does not fire itself again (recursive_triggers is off).
  const guard = changesItself ? ['pg_trigger_depth() = 0'] : [];
  const conditions = [...guard, ...(condition === undefined ? [] : [`(${condition.sql})`])].join(' and ');
  return {
    functionSql: `create function ${functionName}() returns trigger language plpgsql as ${quoteText(`begin ${statements.join('; ')}; ${returns(time, event)} end`)}`,
    triggerSql: `create trigger ${quoteName(name)} ${time.toLowerCase()} ${event.toLowerCase()}${columns} on ${quoteName(scope.columns.get(table.toLowerCase()) ?? table)} for each row ${conditions === '' ? '' : `when (${conditions}) `}execute function ${functionName}()`,
  };
}

function returns(time: string, event: string): string {
  if (/after/i.test(time)) return 'return null;';
  return /delete/i.test(event) ? 'return old;' : 'return new;';
}

function splitStatements(body: string): string[] {
  const tokens = tokenize(body);
  const statements: string[] = [];
  let start = 0;
  tokens.forEach((token, index) => {
    if (token.text !== ';') return;
    if (index > start) statements.push(sourceText(body, tokens.slice(start, index)));
    start = index + 1;
  });
  return statements;
}

const RAISE = /^select\s+raise\s*\(\s*(abort|fail)\s*,\s*('(?:[^']|'')*')\s*\)\s*(?:where\s+([\s\S]+))?$/i;
const ALLOWED = /^(?:insert\s+into|update|delete\s+from)\b/i;

function translateStatement(sql: string, scope: ExpressionScope): Translation {
  const raise = RAISE.exec(sql);
  if (raise !== null) {
    const [, , message = '', where] = raise;
    const raising = `raise exception using message = ${message}, errcode = 'raise_exception'`;
    if (where === undefined) return { sql: raising };
    const condition = translateExpression(where, scope);
    return 'reason' in condition ? condition : { sql: `if ${condition.sql} then ${raising}; end if` };
  }
  if (!ALLOWED.test(sql)) return { reason: `the statement ${sql.slice(0, 40)}` };
  return translateExpression(sql, scope);
}
