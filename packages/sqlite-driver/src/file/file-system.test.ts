import type { DatabaseWarning } from '@sluice/core';
import { expect, test } from 'vitest';
import { findMountType, judgeFileSystem } from './file-system.js';

const MOUNTINFO = `24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 24 0:42 / /mnt/nas rw shared:2 - nfs4 nas:/export rw,vers=4.2
31 30 8:2 / /mnt/nas/local\\040disk rw - xfs /dev/sdb1 rw
32 24 0:50 / /srv/share rw - cifs //nas/share rw
`;

test.each([
  ['/home/me', 'ext4'],
  ['/mnt/nas', 'nfs4'],
  ['/mnt/nas/app/data', 'nfs4'],
  ['/mnt/nas/local disk/app', 'xfs'],
  ['/mnt/nasty', 'ext4'],
  ['/srv/share', 'cifs'],
])('%s is on %s', (folder, type) => {
  expect(findMountType(MOUNTINFO, folder)).toBe(type);
});

test.each(['nfs', 'nfs4', 'cifs', 'smb3', 'fuse.sshfs', 'lustre'])('%s is refused, or warned of', (type) => {
  const warnings: DatabaseWarning[] = [];
  const judge = (network: 'allow' | 'refuse') =>
    judgeFileSystem(type, network, (warning) => warnings.push(warning));
  expect(() => judge('refuse')).toThrow(expect.objectContaining({ code: 'path_unusable' }));
  judge('allow');
  expect(warnings).toMatchObject([{ code: 'network_file_system', details: { type } }]);
});

test.each(['9p', 'virtiofs'])('%s is warned of', (type) => {
  const warnings: DatabaseWarning[] = [];
  judgeFileSystem(type, 'refuse', (warning) => warnings.push(warning));
  expect(warnings).toMatchObject([{ code: 'host_file_system' }]);
});

test.each(['ext4', 'xfs', 'btrfs', 'overlay', 'tmpfs', 'fuseblk'])('nothing is said of %s', (type) => {
  judgeFileSystem(type, 'refuse', () => {
    throw new Error('A warning.');
  });
});
