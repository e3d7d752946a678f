import { readFileSync, statSync } from 'node:fs';

/**
 * The ids of other processes that hold a lock on a file. Every process that has a database open in WAL mode holds one. Linux only; empty
 * elsewhere.
 */
export function lockHolders(path: string): number[] {
  let locks: string;
  try {
    locks = readFileSync('/proc/locks', 'utf8');
  } catch {
    return [];
  }
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? [] : parseLocks(locks, stats).filter((pid) => pid !== process.pid);
}

/** `1: POSIX  ADVISORY  READ 1234 fe:00:5678 128 128`: process 1234 locks inode 5678 on device fe:00. */
const LINE = /^\d+: +(?:->)? *(?:POSIX|OFDLCK) +\S+ +\S+ +(-?\d+) +([\da-f]+):([\da-f]+):(\d+) /;

function parseLocks(locks: string, { dev, ino }: { readonly dev: number; readonly ino: number }): number[] {
  const holders = new Set<number>();
  for (const line of locks.split('\n')) {
    const [, pid, major = '', minor = '', inode] = LINE.exec(line) ?? [];
    const isSame =
      Number(inode) === ino && isDevice(dev, Number.parseInt(major, 16), Number.parseInt(minor, 16));
    if (isSame) holders.add(Number(pid));
  }
  return [...holders];
}

/** Whether `st_dev` is the device with these two numbers, packed as Linux packs them (man 3 makedev). */
function isDevice(dev: number, major: number, minor: number): boolean {
  const packed = BigInt(dev);
  const foundMajor = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n);
  const foundMinor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n);
  return foundMajor === BigInt(major) && foundMinor === BigInt(minor);
}
