import type { Storage } from '@sluice/core';
import type { Generated, Kysely } from 'kysely';

interface Settings {
  theme?: string | null;
  mail?: { weekly: boolean };
  labels?: string[];
  limit?: number;
  [other: string]: unknown;
}

interface Attributes {
  pages?: number;
  cover?: string;
  languages?: string[];
  players?: { min: number; max: number };
}

interface JobPayload {
  to?: string;
  template?: string;
  sizes?: number[];
}

interface EventPayload {
  ip?: string;
  ok?: boolean;
  path?: string;
  ms?: number;
  purchase?: number;
  items?: { id: number; n: number }[];
}

/** The tables of a small shop, in which the catalogue's queries ask. */
export interface ShopDatabase {
  account: {
    id: Generated<number>;
    email: string;
    name: string;
    role: Generated<string>;
    isActive: Generated<boolean>;
    balance: string | null;
    points: bigint;
    score: number | null;
    createdAt: Date;
    birthday: string | null;
    settings: Settings | null;
    avatar: Uint8Array | null;
    referrerId: number | null;
  };
  category: { id: number; parentId: number | null; name: string };
  product: {
    id: number;
    code: string;
    name: string;
    categoryId: number | null;
    price: string;
    weight: number | null;
    stock: number;
    releasedOn: string | null;
    attributes: Attributes | null;
    isArchived: boolean;
  };
  tag: { id: number; label: string };
  productTag: { productId: number; tagId: number };
  purchase: {
    id: number;
    accountId: number;
    status: string;
    placedAt: Date;
    paidAt: Date | null;
    shippedAt: Date | null;
    discount: string | null;
    note: string | null;
  };
  purchaseLine: {
    purchaseId: number;
    position: number;
    productId: number;
    quantity: number;
    unitPrice: string;
  };
  stockMove: { id: Generated<number>; productId: number; change: number; reason: string; movedAt: Date };
  session: { token: string; accountId: number; createdAt: Date; expiresAt: Date; device: string | null };
  grant: { accountId: number; project: string; permission: string };
  job: {
    id: number;
    queue: string;
    priority: number;
    runAt: Date;
    startedAt: Date | null;
    attempts: Generated<number>;
    lastError: string | null;
    payload: JobPayload;
  };
  message: {
    id: number;
    room: string;
    authorId: number;
    body: string;
    sentAt: Date;
    replyToId: number | null;
    readAt: Date | null;
  };
  event: {
    id: bigint;
    accountId: number | null;
    kind: string;
    at: Date;
    durationMs: number | null;
    bytes: bigint;
    payload: EventPayload | null;
  };
  reading: { sensor: string; at: Date; value: number | null; raw: string | null };
}

/** A storage on the shop. */
export type ShopStorage = Storage<ShopDatabase>;

/** What a query of the catalogue is built on. */
export type Shop = Kysely<ShopDatabase>;
