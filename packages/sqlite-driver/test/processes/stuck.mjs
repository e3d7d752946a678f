// Runs statements that do not end, and tells of each step what came of it. A process of its own: its threads end only with it.
import { openStorage } from '@sluice/core';
import { sqlite, sqliteDialect } from '@sluice/sqlite-driver';
import { Kysely, sql } from 'kysely';

const [, , path, scenario, end, options = '{}'] = process.argv;

/** Long enough for a process to start. */
const CUT_MS = 1500;

const endless = (start) =>
  `with recursive c(x) as (select ${start} union all select x + 1 from c) select count(*) as n from c`;
const product =
  'select count(*) as n from item a, item b, item c, item d, item e, item f, item g where a.id + b.id + c.id + d.id + e.id + f.id + g.id < 0';
const endlessInsert = `insert into item (name) with recursive c(x) as (select 1 union all select x + 1 from c) select x from c where x < 0`;

const warnings = [];
async function open() {
  const storage = await openStorage({
    url: `sqlite:${path}`,
    drivers: [sqlite({ readers: 2, ...JSON.parse(options) })],
    timeoutMs: 15_000,
  });
  storage.on('warning', ({ code }) => warnings.push(code));
  return storage;
}

const tell = (step, told) => console.log(JSON.stringify({ step, ...told }));
const jsonable = (value) =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? Number(v) : v)) ?? 'null');

/** Makes a call and tells its result or the code of its error. */
async function attempt(step, call) {
  try {
    tell(step, { result: jsonable(await call()) });
  } catch (error) {
    tell(step, { error: error.code === 23 ? error.name : error.code });
  }
}

const run = (kysely, text) => sql.raw(text).execute(kysely);
const rows = async (kysely, text) => (await run(kysely, text)).rows;
/** Runs a statement that is cut off soon. */
const cut = (storage, text) =>
  storage.kysely.executeQuery(sql.raw(text).compile(storage.kysely), {
    signal: AbortSignal.timeout(CUT_MS),
  });

async function prepare(storage) {
  await run(storage.kysely, 'create table item (id integer primary key, name text)');
  const ids = Array.from({ length: 300 }, (_, index) => `(${index + 1}, 'a')`);
  await run(storage.kysely, `insert into item values ${ids.join()}`);
}

/** What goes on in any case. */
async function goOn(storage) {
  const items = storage.repository('item', { key: 'id' });
  await attempt('get', () => items.get(1));
  await attempt('plain read', () => rows(storage.kysely, 'select count(*) as n from item where id <= 300'));
  await attempt('snapshot', () => storage.read((tx) => tx.repository('item', { key: 'id' }).has(2)));
}

async function goOnWriting(storage) {
  await attempt('insert', () =>
    storage
      .repository('item', { key: 'id' })
      .insert({ name: 'b' })
      .then(({ name }) => name),
  );
  await attempt('plain write', () =>
    run(storage.kysely, `update item set name = 'c' where id = 1`).then(() => 'done'),
  );
  await attempt('transaction', () =>
    storage.write((tx) =>
      tx
        .repository('item', { key: 'id' })
        .update(2, { name: 'd' })
        .then(() => 'done'),
    ),
  );
}

const scenarios = {
  /** The same endless read again and again, until processes were killed for it. */
  async again(storage) {
    const killed = () => storage.metrics().database.engine.readerProcessesKilled;
    for (let time = 0; killed() < 2; time += 1) await attempt('endless', () => cut(storage, endless(time)));
  },

  /** More kinds of endless reads than there are readers. */
  async kinds(storage) {
    await attempt('endless', () => cut(storage, endless(1)));
    await attempt('product', () => cut(storage, product));
    await attempt('in a transaction', () =>
      storage.read((tx) => rows(tx.kysely, endless('2 + 0')), {
        timeoutMs: CUT_MS,
      }),
    );
    await attempt('stream', async () => {
      const stream = sql.raw(endless('3 * 1')).compile(storage.kysely);
      for await (const row of storage.kysely
        .getExecutor()
        .stream(stream, 1, { signal: AbortSignal.timeout(CUT_MS) }))
        tell('row', row);
    });
  },

  /** Single writes that do not end, until processes were killed for them. */
  async write(storage) {
    const killed = () => storage.metrics().database.engine.writerProcessesKilled;
    while (killed() < 2) await attempt('endless', () => cut(storage, endlessInsert));
    while (killed() < 3) await attempt('endless', () => cut(storage, `update item set name = (${product})`));
    await goOnWriting(storage);
  },

  /** A read that keeps the WAL over its budget, while another holds a snapshot. */
  async wal(storage) {
    await attempt('endless', () => cut(storage, endless(1)));
    await stuckReaders(storage, 1);
    const held = Promise.withResolvers();
    const items = storage.repository('item', { key: 'id' });
    const writeUntilWarned = async () => {
      await held.promise;
      while (!warnings.includes('wal_over_budget')) await items.insert({ name: 'long'.repeat(10_000) });
    };
    const written = writeUntilWarned();
    await attempt('held snapshot', () =>
      storage.read(async (tx) => {
        const inside = tx.repository('item', { key: 'id' });
        const before = await inside.count();
        held.resolve();
        await written;
        return before === (await inside.count());
      }),
    );
  },

  /** A transaction of write with a statement that does not end. */
  async transaction(storage) {
    await attempt('endless', () => endlessTransaction(storage));
    // Waits until the writer is found to be stuck, and is then refused.
    await goOnWriting(storage);
  },

  /** The same, until processes were killed for it. */
  async transactions(storage) {
    const killed = () => storage.metrics().database.engine.writerProcessesKilled;
    while (killed() < 1) await attempt('endless', () => endlessTransaction(storage));
    await goOnWriting(storage);
  },
};

async function stuckReaders(storage, count) {
  while (storage.metrics().database.engine.stuckReaders < count)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

const endlessTransaction = (storage) =>
  storage.write((tx) => run(tx.kysely, endlessInsert), { timeoutMs: CUT_MS, label: 'import' });

/** Calls without a deadline, which the end of `close` ends. */
async function closeOnly() {
  const kysely = new Kysely({ dialect: sqliteDialect({ path }) });
  await run(kysely, 'create table item (id integer primary key, name text)');
  const calls = [
    attempt('read', () => rows(kysely, endless(1))),
    attempt('write', () => run(kysely, endlessInsert)),
    attempt('queued', () => run(kysely, `insert into item values (1, 'a')`)),
  ];
  await new Promise((resolve) => setTimeout(resolve, 300));
  await kysely.destroy();
  await Promise.all(calls);
  tell('closed');
}

async function runScenario() {
  const storage = await open();
  await prepare(storage);
  await scenarios[scenario](storage);
  await goOn(storage);
  const { isHealthy, error } = await storage.health();
  tell('health', { isHealthy, error: error?.split(':')[0] });
  tell('engine', storage.metrics().database.engine);
  if (end === 'leave') return;
  await storage.close();
  tell('closed', { warnings });
}

await (scenario === 'close' ? closeOnly() : runScenario());
if (end === 'exit') process.exit(3);
if (end === 'throw') throw new Error('thrown at last');
