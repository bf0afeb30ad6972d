import { FormatError } from '../format-error';
import { type ByteSource, CHANGED, type OpenBytes } from './byte-source';

interface Handle {
  readonly source: Promise<ByteSource>;
  readers: number;
}

/** The files of one model, of which only a few are open at a time. */
export class ShardPool {
  /** Least recently used first. */
  private readonly handles = new Map<string, Handle>();
  private closed = false;

  constructor(
    private readonly openBytes: OpenBytes,
    private readonly maxOpen = 16,
  ) {}

  /**
   * A shard that is opened whenever it is read. Closing it does nothing: close the pool.
   * @throws FormatError, or what `openBytes` throws, when it cannot be opened now
   */
  async shard(path: string): Promise<ByteSource> {
    const { size, fingerprint } = await this.use(path, async (source) => source);
    return {
      path,
      size,
      fingerprint,
      read: (offset, target) =>
        this.use(path, async (source) => {
          if (source.fingerprint !== fingerprint) throw new FormatError(path, null, CHANGED);
          await source.read(offset, target);
        }),
      async close() {},
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    const open = [...this.handles.values()];
    this.handles.clear();
    await Promise.all(open.map(closeHandle));
  }

  private async use<T>(path: string, job: (source: ByteSource) => Promise<T>): Promise<T> {
    if (this.closed) throw new Error(`${path} is closed`);
    const handle = this.handles.get(path) ?? { source: this.openBytes(path), readers: 0 };
    this.handles.delete(path);
    this.handles.set(path, handle);
    handle.readers++;
    try {
      return await job(await handle.source);
    } catch (error) {
      // The next reader tries afresh: a file that could not be opened, or was replaced, may be there by then.
      if (this.handles.get(path) === handle && handle.readers === 1) {
        this.handles.delete(path);
        await closeHandle(handle);
      }
      throw error;
    } finally {
      handle.readers--;
      await this.closeIdle();
    }
  }

  private async closeIdle(): Promise<void> {
    for (const [path, handle] of this.handles) {
      if (this.handles.size <= this.maxOpen) return;
      if (handle.readers > 0) continue;
      this.handles.delete(path);
      await closeHandle(handle);
    }
  }
}

async function closeHandle(handle: Handle): Promise<void> {
  // What could not be opened needs no closing, and whoever asked for it was told.
  const source = await handle.source.catch(() => null);
  await source?.close();
}
