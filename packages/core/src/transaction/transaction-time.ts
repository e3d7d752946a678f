import type { Statement } from '../driver/driver.js';

/** Stands for the time of the transaction among the parameters of a statement, until it runs. */
class TransactionTime {
  toJSON(): string {
    return 'the time of the transaction';
  }
}

export const TRANSACTION_TIME: object = Object.freeze(new TransactionTime());

/** The statement with the time in place of {@link TRANSACTION_TIME}. */
export function withTime(statement: Statement, time: Date): Statement {
  const { parameters } = statement;
  if (!parameters.includes(TRANSACTION_TIME)) return statement;
  return {
    ...statement,
    parameters: parameters.map((parameter) => (parameter === TRANSACTION_TIME ? time : parameter)),
  };
}
