import { fstatSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { FormatError } from '../format-error';
import { type ByteSource, CHANGED } from './byte-source';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file.',
  ENOTDIR: 'there is no such file: a part of the path is not a folder.',
  EISDIR: 'this is a folder; give a file inside it.',
  EACCES: 'the file may not be read; check its permissions.',
  EPERM: 'the file may not be read; check its permissions.',
  ELOOP: 'the path is a circle of symbolic links.',
  EMFILE: 'too many files are open; close some and try again.',
  ENAMETOOLONG: 'the path is too long.',
  ENOMEM: 'the system has no memory left for it; close some programs and try again.',
  EIO: 'its storage reports an error (EIO); check the disk, or the connection to it, and try again.',
  ESTALE: 'its network storage was unmounted, or the file was replaced there (ESTALE); check the mount and open the file again.',
};
const UNREACHABLE = new Set([
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTCONN',
  'ETIMEDOUT',
  'ECONNRESET',
  'ENXIO',
  'ENODEV',
]);

/** @throws FormatError when there is such a folder, but it may not be read */
export async function listFolder(path: string): Promise<readonly string[] | null> {
  try {
    return await readdir(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw explained(path, null, error);
  }
}

/**
 * Opens a file for ranged reads, read-only.
 * @throws FormatError when it is missing, unreadable, empty or not a regular file
 */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle | null = null;
  try {
    // Asked before opening: to open a pipe would wait for its writer.
    const kind = await stat(path);
    if (kind.isDirectory()) throw new FormatError(path, null, REASONS.EISDIR!);
    if (!kind.isFile()) throw new FormatError(path, null, 'this is a device or a pipe; only regular files can be read.');
    handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.size === 0) throw new FormatError(path, 0, 'the file is empty.');
    return new FileBytes(path, stats.size, fingerprintOf(stats), handle);
  } catch (error) {
    await handle?.close();
    throw explained(path, null, error);
  }
}

/** The inode tells two files apart that were saved under one name, as large and at the same time. */
function fingerprintOf({ size, mtimeMs, ino }: Pick<Stats, 'size' | 'mtimeMs' | 'ino'>): string {
  return `${size}-${mtimeMs}-${ino}`;
}

class FileBytes implements ByteSource {
  private closing: Promise<void> | null = null;

  constructor(
    readonly path: string,
    readonly size: number,
    readonly fingerprint: string,
    private readonly handle: FileHandle,
  ) {}

  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.handle.read(target, done, target.length - done, offset + done));
      } catch (error) {
        throw explained(this.path, offset + done, error);
      }
      if (bytesRead === 0) throw this.endsAt(offset + done, target.length - done);
      done += bytesRead;
    }
    this.checkUnchanged();
  }

  readSync(offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      let bytesRead: number;
      try {
        bytesRead = readSync(this.handle.fd, target, done, target.length - done, offset + done);
      } catch (error) {
        throw explained(this.path, offset + done, error);
      }
      if (bytesRead === 0) throw this.endsAt(offset + done, target.length - done);
      done += bytesRead;
    }
    this.checkUnchanged();
  }

  /** A file that is written in place while it is read would give bytes of two saves. */
  private checkUnchanged(): void {
    let now: string;
    try {
      now = fingerprintOf(fstatSync(this.handle.fd));
    } catch (error) {
      throw explained(this.path, null, error);
    }
    if (now !== this.fingerprint) throw new FormatError(this.path, null, CHANGED);
  }

  private endsAt(offset: number, missing: number): FormatError {
    this.checkUnchanged();
    return new FormatError(this.path, offset, `the file ends here, but ${missing} more bytes were expected.`);
  }

  close(): Promise<void> {
    this.closing ??= this.handle.close();
    return this.closing;
  }
}

function explained(path: string, offset: number | null, error: unknown): Error {
  if (error instanceof FormatError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return new FormatError(path, offset, `the file cannot be read (${message}).`);
  if (UNREACHABLE.has(code)) {
    return new FormatError(path, offset, `its storage cannot be reached (${code}); check the disk or the network and try again.`);
  }
  return new FormatError(path, offset, REASONS[code] ?? `the file cannot be read (${code}).`);
}
