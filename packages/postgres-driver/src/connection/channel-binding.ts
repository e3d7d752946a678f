import { ConfigurationError } from '@sluice/core';
import type { Client } from 'pg';

/** What is known about the login of one connection. */
export interface BoundLogin {
  /** Why the login was ended, before a password or a proof of it was sent. */
  readonly refusal: ConfigurationError | undefined;
  /** @throws ConfigurationError when the server let the client in without a login that is bound to the TLS connection. */
  assertBound(): void;
}

const MECHANISM = 'SCRAM-SHA-256-PLUS';

/**
 * Has the login of `client` end unless the server offers one that is bound to the TLS connection, as libpq does for `channel_binding=require`. Call it before the
 * client connects: its own listeners, which answer the server, must come after these.
 */
export function requireChannelBinding(client: Client): BoundLogin {
  let refusal: ConfigurationError | undefined;
  let isOffered = false;
  const refuse = (): void => {
    refusal ??= unboundError();
    client.connection.stream.destroy();
  };
  for (const event of ['authenticationCleartextPassword', 'authenticationMD5Password'])
    client.connection.on(event, refuse);
  client.connection.on('authenticationSASL', ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    if (mechanisms.includes(MECHANISM)) isOffered = true;
    else refuse();
  });
  return {
    get refusal() {
      return refusal;
    },
    assertBound: () => {
      if (!isOffered) throw unboundError();
    },
  };
}

function unboundError(): ConfigurationError {
  return new ConfigurationError(
    'invalid_configuration',
    'The URL asks for channel_binding=require, and the server does not bind the login to the TLS connection: it needs a password in SCRAM-SHA-256, and no proxy that ends TLS.',
  );
}
