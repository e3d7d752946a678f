import { newOpenFiles } from '../file/file-watch.js';
import { openThread } from './open-thread.js';
import type { ProcessReply, ProcessRequest } from './process-protocol.js';
import type { SqliteThread } from './sqlite-thread.js';

/**
 * The process in which a connection is served that can be ended at any time: a thread cannot be, while it is in SQLite. It starts the same thread as the
 * calling process would, and passes messages on.
 */
let thread: SqliteThread | undefined;
let current = 0;

process.on('message', (message: ProcessRequest) => {
  void receive(message);
});

// The calling process has ended. This one cannot end in the usual way while its thread is in SQLite, for which Node waits.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

// What a terminal or a service manager sends to all processes is for the calling process, which may still finish its calls.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

async function receive(message: ProcessRequest): Promise<void> {
  switch (message.kind) {
    case 'open': {
      const { identity, ...options } = message.options;
      const files = { ...newOpenFiles(), identity };
      const opened = await openThread(new URL(message.entry), { ...options, files, sharesThreads: false });
      if (opened.kind === 'thread') thread = opened.thread;
      return send({ kind: 'opened', failure: opened.kind === 'failure' ? opened.failure : undefined });
    }
    case 'call': {
      current = message.id;
      const result = await thread?.call(message.request, (part, member) =>
        send({ kind: 'part', part, member }),
      );
      if (result !== undefined) send({ kind: 'done', result });
      return;
    }
    case 'cancel':
      if (message.id === current) thread?.flags.cancel(0);
      return;
    case 'credit':
      if (message.id === current) thread?.flags.addCredit();
      return;
  }
}

function send(message: ProcessReply): void {
  process.send?.(message);
}
