import type { Isolation, Session } from '../contender.ts';
import { type Item, SCAN_PATTERNS } from '../workload/item.ts';

/** The common part of both generated clients, which have no common type. */
export interface PrismaItems {
  findUnique(query: { where: { id: number } }): PromiseLike<Item | null>;
  findMany(query: {
    where: { id: { gte: number } };
    orderBy: { id: 'asc' };
    take: number;
  }): PromiseLike<Item[]>;
  create(query: { data: Item }): PromiseLike<unknown>;
  createMany(query: { data: Item[] }): PromiseLike<unknown>;
  update(query: { where: { id: number }; data: { size: number } }): PromiseLike<unknown>;
  count(query: { where: { OR: { body: { contains: string } }[] } }): PromiseLike<number>;
}

export interface PrismaClientLike {
  readonly item: PrismaItems;
  $disconnect(): Promise<void>;
}

/** The differences between the engines. */
export interface PrismaEngine {
  readonly settings: Session['settings'];
  readonly inOrder: (writes: PromiseLike<unknown>[]) => Promise<unknown>;
  readonly atomically: (
    work: (items: PrismaItems) => Promise<unknown>,
    isolation: Isolation,
  ) => Promise<unknown>;
}

/** Prisma's client with a driver adapter. */
export function prismaSession(client: PrismaClientLike, engine: PrismaEngine): Session {
  const { item: items } = client;
  return {
    settings: engine.settings,
    get: (id) => items.findUnique({ where: { id } }),
    list: (first, take) => items.findMany({ where: { id: { gte: first } }, orderBy: { id: 'asc' }, take }),
    insert: (data) => items.create({ data }),
    insertMany: (rows) => items.createMany({ data: [...rows] }),
    update: (id, size) => items.update({ where: { id }, data: { size } }),
    batch: (data, first, second) =>
      engine.inOrder([
        items.create({ data }),
        items.update({ where: { id: first }, data: { size: 1 } }),
        items.update({ where: { id: second }, data: { size: 2 } }),
      ]),
    transaction: (data, id, isolation) =>
      engine.atomically(async (tx) => {
        await tx.create({ data });
        await bump(tx, id);
      }, isolation),
    increment: (id) => engine.atomically((tx) => bump(tx, id), 'serializable'),
    scan: () =>
      items.count({
        where: { OR: SCAN_PATTERNS.map((pattern) => ({ body: { contains: pattern.slice(1, -1) } })) },
      }),
    close: () => client.$disconnect(),
  };
}

async function bump(items: PrismaItems, id: number): Promise<void> {
  const row = await items.findUnique({ where: { id } });
  await items.update({ where: { id }, data: { size: ((row?.size ?? 0) + 1) % 65_536 } });
}
