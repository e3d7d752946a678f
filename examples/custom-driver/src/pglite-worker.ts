import './keep-byte-order-marks.js';
import { parentPort, workerData } from 'node:worker_threads';
import { messages, PGlite, protocol } from '@electric-sql/pglite';
import type { PostgresField } from '@sluice/postgres-driver';
import type { ThreadData } from './pglite-thread.js';
import type { Answer, Refusal, StatementRequest } from './pglite-thread-messages.js';

const { serialize } = protocol;
const { engine, database: loadDataDir }: ThreadData = workerData;
const database = await PGlite.create({
  pgliteWasmModule: engine,
  initDbStartParams: ['--wal-segsize=1'],
  ...(loadDataDir && { loadDataDir }),
});

parentPort?.on('message', async (request: StatementRequest | 'dump') => {
  parentPort?.postMessage(request === 'dump' ? await database.dumpDataDir('none') : await answer(request));
});

async function answer({ sql: text, parameters = [], portal }: StatementRequest): Promise<Answer> {
  const { name, rows } = portal ?? { name: '', rows: 0 };
  const bound = { portal: name, values: [...parameters] };
  const statement =
    text === undefined
      ? []
      : [serialize.parse({ text }), serialize.bind(bound), serialize.describe({ type: 'P', name })];
  const sent = [...statement, serialize.execute({ portal: name, rows }), serialize.sync()];
  const received = await database.execProtocol(Buffer.concat(sent), { throwOnError: false });
  return read(received.messages);
}

function read(received: readonly messages.BackendMessage[]): Answer {
  let fields: readonly PostgresField[] = [];
  let tag = '';
  let status = '';
  let refusal: Refusal | undefined;
  const rows: (string | null)[][] = [];
  for (const message of received) {
    if (message instanceof messages.DatabaseError) refusal = toRefusal(message);
    else if (message instanceof messages.RowDescriptionMessage) fields = message.fields.map(toField);
    else if (message instanceof messages.DataRowMessage) rows.push(message.fields);
    else if (message instanceof messages.CommandCompleteMessage) tag = message.text;
    else if (message instanceof messages.ReadyForQueryMessage) status = message.status;
  }
  return refusal === undefined ? { kind: 'result', fields, rows, tag, status } : { ...refusal, status };
}

function toRefusal({ message, code, column, constraint, table }: messages.DatabaseError): Refusal {
  return { kind: 'refusal', message, details: { code, column, constraint, table } };
}

/** Returns a plain object, because messages between threads keep nothing else. */
function toField(field: messages.Field): PostgresField {
  return { ...field, format: String(field.format) };
}
