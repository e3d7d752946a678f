import type { CallOptions } from '@sluice/core';
import { collect } from '../../fixture/collect.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** All calls that take a signal and a timeout, by name. The writing calls would insert the account `new` or delete `old`. */
export const CANCELLABLE_CALLS: readonly (readonly [
  string,
  (storage: SuiteStorage, options: CallOptions) => Promise<unknown>,
])[] = [
  ['get', (storage, options) => accounts(storage).get('old', options)],
  ['getOrThrow', (storage, options) => accounts(storage).getOrThrow('old', options)],
  ['getMany', (storage, options) => accounts(storage).getMany(['old'], options)],
  ['has', (storage, options) => accounts(storage).has('old', options)],
  ['find', (storage, options) => accounts(storage).find({}, options)],
  ['findOne', (storage, options) => accounts(storage).findOne({}, options)],
  ['page', (storage, options) => accounts(storage).page({ size: 5 }, options)],
  ['count', (storage, options) => accounts(storage).count({}, options)],
  ['stream', (storage, options) => collect(accounts(storage).stream({}, options))],
  ['insert', (storage, options) => accounts(storage).insert({ name: 'new', balance: 1 }, options)],
  ['insertMany', (storage, options) => accounts(storage).insertMany([{ name: 'new', balance: 1 }], options)],
  ['upsert', (storage, options) => accounts(storage).upsert({ name: 'new', balance: 1 }, options)],
  ['update', (storage, options) => accounts(storage).update('old', { name: 'new' }, options)],
  [
    'updateMany',
    (storage, options) => accounts(storage).updateMany({ where: { name: 'old' } }, { name: 'new' }, options),
  ],
  ['delete', (storage, options) => accounts(storage).delete('old', options)],
  ['deleteMany', (storage, options) => accounts(storage).deleteMany({ where: { name: 'old' } }, options)],
  ['load', (storage, options) => accounts(storage).load([{ name: 'new', balance: 1 }], options)],
  [
    'write',
    (storage, options) =>
      storage.write(
        (tx) => tx.repository('account', { key: 'name' }).insert({ name: 'new', balance: 1 }),
        options,
      ),
  ],
  [
    'read',
    (storage, options) => storage.read((tx) => tx.repository('account', { key: 'name' }).count(), options),
  ],
];

/** The calls that wait for a writer permit. */
export const WRITING_CALLS: typeof CANCELLABLE_CALLS = CANCELLABLE_CALLS.filter(([name]) =>
  [
    'insert',
    'insertMany',
    'upsert',
    'update',
    'updateMany',
    'delete',
    'deleteMany',
    'load',
    'write',
  ].includes(name),
);

function accounts(storage: SuiteStorage) {
  return storage.repository('account', { key: 'name' });
}
