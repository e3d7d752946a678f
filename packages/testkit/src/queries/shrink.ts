import { operandsOf, QUERIES, type RandomExpression } from './expression.js';
import type { RandomQuery, Source } from './query.js';
import type { RandomWrite } from './write.js';

/** Simpler queries than this one, the simplest first. */
export function* simplerQueries(query: RandomQuery): Generator<RandomQuery> {
  const { combined, groups, having, isDistinct, joins, limit, orders, selections, source, where } = query;
  if (combined !== undefined) {
    yield { ...query, combined: undefined };
    yield { ...combined.query, orders: [], limit: undefined, offset: undefined };
  }
  if (having !== undefined) yield { ...query, having: undefined };
  if (where !== undefined) yield { ...query, where: undefined };
  if (query.offset !== undefined) yield { ...query, offset: undefined };
  if (query.isNumbered) yield { ...query, isNumbered: false };
  if (limit !== undefined) yield { ...query, limit: undefined };
  if (orders.length > 0) yield { ...query, orders: [] };
  if (isDistinct) yield { ...query, isDistinct: false };
  if (joins.length > 0) yield { ...query, joins: [] };
  if (joins.length > 1)
    for (const index of joins.keys()) yield { ...query, joins: joins.filter((_, other) => other !== index) };
  if (selections.length > 1 && combined === undefined)
    for (const index of selections.keys())
      yield { ...query, selections: selections.filter((_, other) => other !== index) };
  if (groups !== undefined && groups.length > 0)
    for (const index of groups.keys())
      yield { ...query, groups: groups.filter((_, other) => other !== index) };
  if (typeof source.from !== 'string')
    yield { ...source.from, orders: [], limit: undefined, offset: undefined };
  for (const from of simplerSources(source)) yield { ...query, source: from };
  for (const [index, selection] of selections.entries())
    for (const simpler of simplerExpressions(selection))
      yield { ...query, selections: selections.with(index, simpler) };
  for (const simpler of where === undefined ? [] : simplerExpressions(where))
    yield { ...query, where: simpler };
  for (const simpler of having === undefined ? [] : simplerExpressions(having))
    yield { ...query, having: simpler };
  for (const [index, order] of orders.entries())
    for (const by of simplerExpressions(order.by))
      yield { ...query, orders: orders.with(index, { ...order, by }) };
  for (const [index, join] of joins.entries())
    for (const on of simplerExpressions(join.on))
      yield { ...query, joins: joins.with(index, { ...join, on }) };
  if (combined !== undefined)
    for (const simpler of simplerQueries(combined.query))
      if (simpler.selections.length === selections.length)
        yield { ...query, combined: { ...combined, query: simpler } };
}

/** Simpler statements that change the same table. */
export function* simplerWrites(write: RandomWrite): Generator<RandomWrite> {
  const { selections, sets, where } = write;
  if (where !== undefined) yield { ...write, where: undefined };
  for (const index of selections.keys())
    yield { ...write, selections: selections.filter((_, other) => other !== index) };
  if (sets.length > 1 || write.kind === 'insert')
    for (const index of sets.keys()) yield { ...write, sets: sets.filter((_, other) => other !== index) };
  for (const simpler of where === undefined ? [] : simplerExpressions(where))
    yield { ...write, where: simpler };
  for (const [index, set] of sets.entries())
    for (const value of simplerExpressions(set.value))
      yield { ...write, sets: sets.with(index, { ...set, value }) };
  for (const [index, selection] of selections.entries())
    for (const simpler of simplerExpressions(selection))
      yield { ...write, selections: selections.with(index, simpler) };
}

function* simplerSources(source: Source): Generator<Source> {
  const { from, isWith } = source;
  if (typeof from === 'string') return;
  if (isWith) yield { ...source, isWith: false };
  // The columns of the query in FROM keep their names and types.
  for (const simpler of simplerQueries(from))
    if (
      simpler.selections.length === from.selections.length &&
      simpler.selections.every(({ type }, index) => type === from.selections[index]?.type)
    )
      yield { ...source, from: simpler };
}

/** Simpler expressions of the same type: a part of it, or itself with a simpler operand. */
function* simplerExpressions(expression: RandomExpression): Generator<RandomExpression> {
  for (const part of partsOf(expression))
    if (part.type === expression.type && part.kind !== 'value') yield part;
  if (!('operands' in expression)) return;
  for (const [index, operand] of operandsOf(expression).entries())
    for (const simpler of simplerExpressions(operand))
      yield {
        ...expression,
        operands: expression.operands.with(index, simpler as never),
      } as RandomExpression;
}

function* partsOf(expression: RandomExpression): Generator<RandomExpression> {
  if (QUERIES.has(expression.kind)) return;
  for (const operand of operandsOf(expression)) {
    yield* partsOf(operand);
    yield operand;
  }
}
