// Written by `sluice codegen` from the database. Do not edit: change a migration and run it again.

import type { Generated } from 'kysely';

export interface Content {
  hash: string;
  isText: boolean;
  size: bigint;
}

export interface File {
  contentHash: string;
  folderPath: string;
  isStarred: Generated<boolean>;
  lastViewedAt: Date | null;
  mimeType: string | null;
  modifiedAt: Date;
  name: string;
  size: bigint;
  viewCount: Generated<number>;
}

export interface Folder {
  name: string;
  parentPath: string | null;
  path: string;
}

export interface DB {
  content: Content;
  file: File;
  folder: Folder;
}
