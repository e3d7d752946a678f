import './keep-byte-order-marks.js';
import { parentPort, workerData } from 'node:worker_threads';
import { messages, PGlite, protocol } from '@electric-sql/pglite';
import type { Answer, Field, Request } from './pglite-thread.js';

const { serialize } = protocol;
const database = PGlite.create(workerData instanceof Blob ? { loadDataDir: workerData } : {});

/** The last request taken in; the next one follows it. */
let tail: Promise<unknown> = database;
parentPort?.on('message', (request: Request) => {
  tail = tail.then(async () => parentPort?.postMessage(await answer(request)));
});

async function answer(request: Request): Promise<Answer> {
  const pglite = await database;
  if (request === 'dump') return { kind: 'dump', blob: await pglite.dumpDataDir('none') };
  const { sql: text, parameters = [], portal } = request;
  const name = portal?.name ?? '';
  const statement =
    text === undefined
      ? []
      : [
          serialize.parse({ text }),
          serialize.bind({ portal: name, values: [...parameters] }),
          serialize.describe({ type: 'P', name }),
        ];
  const parts = [
    ...statement,
    serialize.execute({ portal: name, rows: portal?.rows ?? 0 }),
    serialize.sync(),
  ];
  const sent = await pglite.execProtocol(Buffer.concat(parts), { throwOnError: false });
  return read(sent.messages);
}

function read(received: readonly messages.BackendMessage[]): Answer {
  let fields: readonly Field[] = [];
  let command = '';
  let status = '';
  const rows: (string | null)[][] = [];
  for (const message of received) {
    if (message instanceof messages.DatabaseError) {
      const { code = '', message: text, table, column, constraint } = message;
      return { kind: 'refusal', code, message: text, table, column, constraint };
    }
    if (message instanceof messages.RowDescriptionMessage) fields = message.fields.map(toField);
    else if (message instanceof messages.DataRowMessage) rows.push(message.fields);
    else if (message instanceof messages.CommandCompleteMessage) command = message.text;
    else if (message instanceof messages.ReadyForQueryMessage) status = message.status;
  }
  return { kind: 'result', fields, rows, command, status };
}

function toField({ name, dataTypeID, tableID }: Field): Field {
  return { name, dataTypeID, tableID };
}
