import Sqlite from 'better-sqlite3';

/** Makes a file with several tables of all kinds, `rows` orders and their items, and keys in a circle. */
export function makeShop(path: string, rows: number): void {
  const database = new Sqlite(path);
  database.pragma('journal_mode = wal');
  database.exec(`
    create table customer (id integer primary key autoincrement, email text collate nocase unique, active boolean not null default 1,
      balance decimal(12, 2), last_order integer references "order" (id) deferrable initially deferred);
    create table "order" (id integer primary key, customer integer not null references customer (id), at datetime not null, note text, file blob);
    create table item ("order" integer not null references "order" (id) on delete cascade, position integer not null, price real, primary key ("order", position)) without rowid;
    create table log (line text, at timestamp);
    create index order_customer on "order" (customer);
    create view spent as select "order", sum(price) as total from item group by "order"`);
  const customer = database.prepare('insert into customer values (?, ?, ?, ?, null)');
  const order = database.prepare('insert into "order" values (?, ?, ?, ?, ?)');
  const item = database.prepare('insert into item values (?, ?, ?)');
  const log = database.prepare('insert into log values (?, ?)');
  database.transaction(() => {
    for (let id = 1; id <= rows / 10; id += 1) customer.run(id, `User${id}@example.org`, id % 2, id / 4);
    for (let id = 1; id <= rows; id += 1) {
      const at = new Date(1_700_000_000_000 + id * 61_000).toISOString();
      order.run(
        id,
        1 + (id % (rows / 10)),
        at.slice(0, 19).replace('T', ' '),
        id % 3 ? `note “${id}” ✓` : null,
        Buffer.from([id & 255, 0, 255]),
      );
      item.run(id, 1, id / 8);
      item.run(id, 2, id * 1.1);
      if (id % 4 === 0) log.run(`line ${id % 100}`, at);
    }
    database.exec('update customer set last_order = id');
  })();
  database.close();
}
