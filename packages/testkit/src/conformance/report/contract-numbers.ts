/** The numbers of the contract, each with a short title. */
export const CONTRACT_NUMBERS = {
  C1: 'values',
  C2: 'order and comparison',
  C3: 'transactions',
  C4: 'atomicity of one call',
  C5: 'durability',
  C6: 'concurrency',
  C7: 'the event loop',
  C8: 'cancellation',
  C9: 'streams',
  C10: 'back-pressure',
  C11: 'errors',
  C12: 'life cycle',
  C13: 'migrations',
  C14: 'observability',
} as const;

/** A number of the contract. */
export type ContractNumber = keyof typeof CONTRACT_NUMBERS;

/** Returns the contract number at the beginning of the name of a case or suite. */
export function contractNumberOf(name: string): ContractNumber | undefined {
  const [first = ''] = name.split(' ', 1);
  return first in CONTRACT_NUMBERS ? (first as ContractNumber) : undefined;
}
