import { FormatError } from '../formats/format-error';

/** What was asked cannot be done. The message is one sentence for a person: what, where, what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

const SYSTEM_SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'reading or writing it is not permitted',
  EPERM: 'reading or writing it is not permitted',
  EISDIR: 'this is a folder; name a file',
  ENOTDIR: 'a part of this path is not a folder',
  EROFS: 'it lies on read-only storage',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the quota of the disk is used up; free some space',
  EIO: 'its storage reports an error; check the disk, or the connection to it',
  EMFILE: 'too many files are open; close some programs and try again',
};

/** What the system says of a file, as a phrase for a person. */
export function systemPhrase(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return SYSTEM_SENTENCES[code ?? ''] ?? code ?? message;
}

/** Any error as one sentence for stderr. */
export function sentence(error: unknown): string {
  if (error instanceof Failure || error instanceof FormatError) return error.message;
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined && code in SYSTEM_SENTENCES) return `${path}: ${SYSTEM_SENTENCES[code]}`;
  const where = /\((?:.*[\\/])?([^\\/()]+:\d+:\d+)\)/.exec(stack ?? '')?.[1];
  return `unexpected error, please report it: ${message ?? String(error)}${where === undefined ? '' : ` (${where})`}`;
}
