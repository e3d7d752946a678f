import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTcpRelay, type TcpRelay } from './tcp-relay.js';

let echo: Server;
let relay: TcpRelay;

beforeEach(async () => {
  echo = await startEcho();
  relay = await startTcpRelay({ port: portOf(echo) });
});

afterEach(async () => {
  await relay.close();
  echo.close();
});

describe('a relay', () => {
  test('passes bytes on in both directions and then the end', async () => {
    const client = connect(relay.port, '127.0.0.1');
    client.end('hello');
    expect(await text(client)).toBe('hello');
  });

  test('passes eight megabytes on in order, past its own buffer', async () => {
    const sent = Array.from({ length: 1024 * 1024 }, (_, index) => String(index).padStart(8, '0')).join('');
    const client = connect(relay.port, '127.0.0.1');
    client.end(sent);
    expect((await text(client)) === sent).toBe(true);
  });

  test('gives a URL its own address and keeps the rest', () => {
    expect(relay.url('postgres://me:a%20b@db.example:5432/app?sslmode=disable')).toBe(
      `postgres://me:a%20b@127.0.0.1:${relay.port}/app?sslmode=disable`,
    );
  });

  test('takes its target from a URL', async () => {
    await using other = await startTcpRelay(`postgres://127.0.0.1:${portOf(echo)}/app`);
    const client = await openClient(other);
    expect(await roundTrip(client, 'x')).toBe('x');
  });

  test('asks for the target at each connection', async () => {
    let port = portOf(echo);
    await using moving = await startTcpRelay(() => ({ port }));
    expect(await roundTrip(await openClient(moving), 'before')).toBe('before');
    const second = await startEcho('second ');
    port = portOf(second);
    expect(await roundTrip(await openClient(moving), 'after')).toBe('second after');
    second.close();
  });

  test('resets the client when the target refuses', async () => {
    echo.close();
    await once(echo, 'close');
    expect(await endOf(connect(relay.port, '127.0.0.1'))).toBe('ECONNRESET');
  });

  test('counts open connections', async () => {
    const client = await openClient(relay);
    await roundTrip(client, 'x');
    expect(relay.connectionCount).toBe(1);
    client.destroy();
    await expect.poll(() => relay.connectionCount).toBe(0);
  });
});

describe('cut', () => {
  test('resets open connections on both sides', async () => {
    const accepted = once(echo, 'connection');
    const client = await openClient(relay);
    await roundTrip(client, 'x');
    const [served] = (await accepted) as [Socket];
    relay.cut();
    expect(await Promise.all([endOf(client), endOf(served)])).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  test('resets new connections until resume', async () => {
    relay.cut();
    expect(await endOf(connect(relay.port, '127.0.0.1'))).toBe('ECONNRESET');
    relay.resume();
    expect(await roundTrip(await openClient(relay), 'back')).toBe('back');
  });
});

describe('pause', () => {
  test('holds bytes back until resume and loses none', async () => {
    const client = await openClient(relay);
    await roundTrip(client, 'x');
    relay.pause();
    const answer = roundTrip(client, 'held');
    expect(await Promise.race([answer, elapsed(50)])).toBe('elapsed');
    relay.resume();
    expect(await answer).toBe('held');
  });

  test('leaves new connections open and silent', async () => {
    relay.pause();
    const answer = roundTrip(await openClient(relay), 'held');
    expect(await Promise.race([answer, elapsed(50)])).toBe('elapsed');
    relay.resume();
    expect(await answer).toBe('held');
  });

  test('does not inform the server of a dead client until resume', async () => {
    const accepted = once(echo, 'connection');
    const client = await openClient(relay);
    await roundTrip(client, 'x');
    const [served] = (await accepted) as [Socket];
    const servedEnd = endOf(served);
    relay.pause();
    client.resetAndDestroy();
    expect(await Promise.race([servedEnd, elapsed(50)])).toBe('elapsed');
    relay.resume();
    expect(await servedEnd).toBe('ECONNRESET');
  });

  test('loses what it held when the line is cut', async () => {
    const accepted = once(echo, 'connection');
    const client = await openClient(relay);
    await roundTrip(client, 'x');
    const [served] = (await accepted) as [Socket];
    const heard: string[] = [];
    served.on('data', (chunk) => heard.push(String(chunk)));
    relay.pause();
    client.write('commit');
    await elapsed(20);
    relay.cut();
    expect(await endOf(served)).toBe('ECONNRESET');
    expect(heard).toEqual([]);
  });

  test('gives way to cut and to close', async () => {
    relay.pause();
    const cutOff = await openClient(relay);
    relay.cut();
    expect(await endOf(cutOff)).toBe('ECONNRESET');
    relay.resume();
    relay.pause();
    const closed = await openClient(relay);
    await expect.poll(() => relay.connectionCount).toBe(1);
    await relay.close();
    expect(await endOf(closed)).toBe('ECONNRESET');
  });
});

describe('delayMs', () => {
  test('delays each direction', async () => {
    const client = await openClient(relay);
    relay.delayMs = 40;
    const startedAt = performance.now();
    expect(await roundTrip(client, 'slow')).toBe('slow');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(78);
  });

  test('keeps the order when it shrinks while bytes are under way', async () => {
    const client = await openClient(relay);
    relay.delayMs = 40;
    client.write('first ');
    await elapsed(10);
    relay.delayMs = 0;
    client.end('second');
    expect(await text(client)).toBe('first second');
  });
});

async function startEcho(greeting = ''): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    if (greeting !== '') socket.write(greeting);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function openClient(through: TcpRelay): Promise<Socket> {
  const client = connect(through.port, '127.0.0.1').on('error', () => {});
  await once(client, 'connect');
  return client;
}

/** Sends a text, and returns all received data once it ends with that text. */
async function roundTrip(client: Socket, sent: string): Promise<string> {
  client.write(sent);
  let received = '';
  while (!received.endsWith(sent)) received += String((await once(client, 'data'))[0]);
  return received;
}

/** Returns the code of the error that ended a connection, or `closed` if it was closed normally. */
async function endOf(socket: Socket): Promise<string> {
  if (socket.closed) return 'closed';
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
    socket.resume();
  });
}

async function elapsed(durationMs: number): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, durationMs, 'elapsed'));
}

describe('a relay that swallows', () => {
  test('keeps the connection open, passes nothing on, and serves new connections', async () => {
    const old = await openClient(relay);
    expect(await roundTrip(old, 'x')).toBe('x');
    relay.swallow();
    old.write('lost');
    expect(await roundTrip(await openClient(relay), 'new')).toBe('new');
    relay.resume();
    expect(old.destroyed).toBe(false);
    expect(old.read()).toBe(null);
  });

  test('passes on what goes the other way', async () => {
    const received: string[] = [];
    echo.on('connection', (socket: Socket) => socket.on('data', (data) => received.push(String(data))));
    const client = await openClient(relay);
    expect(await roundTrip(client, 'x')).toBe('x');
    relay.swallow('to client');
    client.write('heard');
    await expect.poll(() => received).toContain('heard');
    expect(client.read()).toBe(null);
  });
});
