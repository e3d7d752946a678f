import type { Selectable } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { File } from '../db.js';
import type { FolderListing, FoundFile } from '../files/folder-listing.js';
import { compareFolders, type KnownFolders } from './compare-folders.js';

const NOTHING: KnownFolders = { folders: [], children: [], files: [] };
const ROOT = { path: '/root', parentPath: null, name: 'root' };

describe('compareFolders', () => {
  it('suspects every file of a folder that is not known', () => {
    const difference = compareFolders([listing('/root', ['a', 'b'])], NOTHING);
    expect(difference.newFolders).toEqual([ROOT]);
    expect(difference.suspects.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(difference.unchanged).toBe(0);
  });

  it('suspects a known file only when its size or its time differs', () => {
    const files = [
      known('same'),
      { ...known('grown'), size: 9n },
      { ...known('touched'), modifiedAt: new Date(9) },
    ];
    const difference = compareFolders([listing('/root', ['same', 'grown', 'touched'])], {
      ...NOTHING,
      folders: [ROOT],
      files,
    });
    expect(difference.newFolders).toEqual([]);
    expect(difference.suspects.map(({ name }) => name)).toEqual(['grown', 'touched']);
    expect(difference.unchanged).toBe(1);
  });

  it('removes what is gone, and keeps what is there but cannot be looked at', () => {
    const gone = { path: '/root/gone', parentPath: '/root', name: 'gone' };
    const kept = { path: '/root/kept', parentPath: '/root', name: 'kept' };
    const here: FolderListing = { ...listing('/root', []), unreadable: ['locked'], folders: ['kept'] };
    const difference = compareFolders([here], {
      folders: [ROOT],
      children: [gone, kept],
      files: [known('lost'), known('locked')],
    });
    expect(difference.removedFiles).toEqual([{ folderPath: '/root', names: ['lost'] }]);
    expect(difference.removedFolders).toEqual(['/root/gone']);
  });

  it('gives a folder catalogued on its own the parent it is found under, and lets it keep it', () => {
    const found = { ...listing('/root', []), parentPath: '/' };
    const adopted = { ...ROOT, parentPath: '/' };
    expect(compareFolders([found], { ...NOTHING, folders: [ROOT] }).newFolders).toEqual([adopted]);
    expect(compareFolders([listing('/root', [])], { ...NOTHING, folders: [adopted] }).newFolders).toEqual([]);
  });
});

function listing(path: string, names: readonly string[]): FolderListing {
  return { path, parentPath: undefined, files: names.map(found), unreadable: [], folders: [] };
}

function found(name: string): FoundFile {
  return { name, size: 1n, modifiedAt: new Date(1) };
}

function known(name: string): Selectable<File> {
  return {
    ...found(name),
    folderPath: '/root',
    contentHash: '',
    mimeType: null,
    isStarred: false,
    viewCount: 0,
    lastViewedAt: null,
  };
}
