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
  ENOSPC: 'the disk is full',
  EMFILE: 'too many files are open; close some programs and try again',
};

/** Any error as one sentence for stderr. */
export function sentence(error: unknown): string {
  if (error instanceof Failure || error instanceof FormatError) return error.message;
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  if (code !== undefined && path !== undefined && code in SYSTEM_SENTENCES) return `${path}: ${SYSTEM_SENTENCES[code]}`;
  const where = /\((?:.*[\\/])?([^\\/()]+:\d+:\d+)\)/.exec(stack ?? '')?.[1];
  return `unexpected error, please report it: ${message ?? String(error)}${where === undefined ? '' : ` (${where})`}`;
}
