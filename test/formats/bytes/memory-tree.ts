import { join } from 'node:path';
import type { ListFolder } from '../../../src/formats/bytes/byte-source';
import { FormatError } from '../../../src/formats/format-error';
import { memoryFolder } from './memory-bytes';

/** Folders in memory, by the paths of their files; a file without content is refused, as on a disk. */
export function memoryTree(files: Readonly<Record<string, Uint8Array>>): ReturnType<typeof memoryFolder> & { listFolder: ListFolder } {
  const folder = memoryFolder(files);
  return {
    ...folder,
    async openBytes(path) {
      if (files[path]?.length === 0) throw new FormatError(path, 0, 'the file is empty.');
      return folder.openBytes(path);
    },
    async listFolder(path) {
      const inside = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      return inside.length === 0 ? null : [...new Set(inside.map((name) => name.slice(join(path, '/').length).split('/')[0]!))];
    },
  };
}
