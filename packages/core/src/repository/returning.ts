import type {
  DeleteQueryBuilder,
  DeleteResult,
  InsertQueryBuilder,
  InsertResult,
  UpdateQueryBuilder,
  UpdateResult,
} from 'kysely';
import type { TableShape } from './table-shape.js';
import type { AnyTables } from './where.js';

type Insert = InsertQueryBuilder<AnyTables, string, InsertResult | object>;
type Update = UpdateQueryBuilder<AnyTables, string, string, UpdateResult | object>;
type Delete = DeleteQueryBuilder<AnyTables, string, DeleteResult | object>;

/** The query with RETURNING for the whole row, as the repository has it. */
export function returning<Q extends Delete | Insert | Update>(shape: TableShape, query: Q): Q {
  if (!shape.hasText) return query.returningAll() as Q;
  return (query as Insert).returning(shape.selection()) as unknown as Q;
}
