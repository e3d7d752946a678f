import { ConfigurationError } from '@sluice/core/errors';

/** The error of a transfer that cannot begin, because of its target or its options. */
export function refused(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}

/** The error for a target that holds the state of an interrupted transfer. */
export function interrupted(target: string): ConfigurationError {
  return refused(
    `A transfer into ${target} was interrupted. Add --resume to go on, or --replace to begin again.`,
  );
}
