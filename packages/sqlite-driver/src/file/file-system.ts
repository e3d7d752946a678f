import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError, type OnWarning } from '@sluice/core';

/** File systems that several machines can use at once; type names as in Linux's /proc/self/mountinfo. */
const NETWORK: ReadonlySet<string> = new Set([
  'afs',
  'beegfs',
  'ceph',
  'cifs',
  'coda',
  'davfs',
  'fuse.ceph',
  'fuse.curlftpfs',
  'fuse.davfs2',
  'fuse.gcsfuse',
  'fuse.glusterfs',
  'fuse.juicefs',
  'fuse.mount-s3',
  'fuse.rclone',
  'fuse.s3fs',
  'fuse.sshfs',
  'gfs2',
  'gpfs',
  'lustre',
  'ncpfs',
  'nfs',
  'nfs4',
  'ocfs2',
  'orangefs',
  'smb3',
  'smbfs',
]);

/** File systems that a virtual machine or container shares with its host, where another process may have the file open. */
const HOST: ReadonlySet<string> = new Set([
  '9p',
  'fakeowner',
  'fuse.grpcfuse',
  'fuse.osxfs',
  'fuse.vmhgfs-fuse',
  'prl_fs',
  'vboxsf',
  'virtiofs',
]);

/**
 * Checks the file system of the database. In WAL mode all processes share memory; over a network they cannot, and two machines would damage the
 * file (sqlite.org/wal.html). Warns of a file system that is shared with a host. Recognises file systems on Linux only; elsewhere it does nothing.
 *
 * @throws ConfigurationError `path_unusable` for a network file system, unless it is allowed.
 */
export async function assertFileSystem(
  path: string,
  network: 'allow' | 'refuse',
  onWarning: OnWarning,
): Promise<void> {
  const type = await fileSystemType(path);
  if (type !== undefined) judgeFileSystem(type, network, onWarning);
}

/** Warns of, or refuses, a file system of this type; see {@link assertFileSystem}. */
export function judgeFileSystem(type: string, network: 'allow' | 'refuse', onWarning: OnWarning): void {
  if (NETWORK.has(type)) {
    const message = `The database is on a network file system (${type}), where several machines would damage it.`;
    if (network === 'refuse') {
      throw new ConfigurationError(
        'path_unusable',
        `${message} Move it to a local disk, use the PostgreSQL driver, or set networkFileSystem: 'allow' when no other machine ever opens it.`,
      );
    }
    onWarning({ code: 'network_file_system', message, details: { type } });
  } else if (HOST.has(type)) {
    const message = `The database is on a file system shared with the host (${type}). Do not open it on both sides at once: that would damage it.`;
    onWarning({ code: 'host_file_system', message, details: { type } });
  }
}

/** The type of the file system that holds a file, or would hold it; `undefined` when the system does not report it. */
async function fileSystemType(path: string): Promise<string | undefined> {
  try {
    const folder = await realpath(dirname(path));
    return findMountType(await readFile('/proc/self/mountinfo', 'utf8'), folder);
  } catch {
    // There is no such file outside Linux. A folder that cannot be resolved is reported when the file is opened.
    return undefined;
  }
}

/** The type of the innermost mount that contains a folder, from the text of /proc/self/mountinfo (man 5 proc). */
export function findMountType(mountinfo: string, folder: string): string | undefined {
  let longest = -1;
  let type: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4]?.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => fromOctal(octal));
    if (point === undefined || point.length < longest || !isInside(folder, point)) continue;
    longest = point.length;
    type = after.split(' ')[0];
  }
  return type;
}

function fromOctal(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

function isInside(folder: string, point: string): boolean {
  return point === '/' || folder === point || folder.startsWith(`${point}/`);
}
