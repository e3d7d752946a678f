import { type OperationNode, RawNode } from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';

const LONGEST = 200;

/**
 * The error for an expression in which a stored form would show, because a value of `type` meets what the query does not give the type of.
 *
 * @param why what happens to the value, after "is".
 */
export function untypedExpression(
  sql: DatabaseSql,
  node: OperationNode,
  type: string,
  why: string,
): UsageError {
  return new UsageError(
    'untyped_expression',
    `In ${describe(sql, node)} a ${type} is ${why}. It is stored in another form here, so the result would not be that of the type. Declare the type of raw SQL by \`typed(sql…, '${type}')\`, compute it in JavaScript, or leave the expression to the engine by \`native(…)\`.`,
  );
}

/** The expression's SQL, without the values of its parameters. */
function describe(sql: DatabaseSql, node: OperationNode): string {
  try {
    const { sql: text } = sql.createQueryCompiler().compileQuery(RawNode.create(['', ''], [node]), NO_ID);
    return `\`${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}\``;
  } catch {
    return 'an expression';
  }
}

const NO_ID = { queryId: 'description' };
