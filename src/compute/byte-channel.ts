import type { Duplex } from 'node:stream';

/** Blocks of bytes whose sizes both ends know, over one stream, in the order in which they are asked for. */
export class ByteChannel {
  readonly #stream: Duplex;
  readonly #waiting: { readonly target: Uint8Array; filled: number; resolve(): void; reject(error: Error): void }[] = [];
  #early: Uint8Array[] = [];
  #end: Error | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (bytes: Uint8Array) => {
      this.#early.push(bytes);
      this.#deliver();
    });
    stream.on('error', () => this.close());
    stream.on('close', () => this.close());
  }

  /** Resolves when more can be written. The bytes must not be changed before. */
  write(view: ArrayBufferView): Promise<void> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** @returns as many bytes, in memory of their own */
  async read(length: number): Promise<ArrayBuffer> {
    const target = new Uint8Array(length);
    if (this.#end !== null) throw this.#end;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ target, filled: 0, resolve, reject });
      this.#deliver();
    });
    return target.buffer;
  }

  close(): void {
    this.#end ??= new Error('The other end is gone.');
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }

  #deliver(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      while (next.filled < next.target.length && this.#early.length > 0) {
        const [bytes] = this.#early;
        const taken = Math.min(bytes.length, next.target.length - next.filled);
        next.target.set(bytes.subarray(0, taken), next.filled);
        next.filled += taken;
        if (taken === bytes.length) this.#early.shift();
        else this.#early[0] = bytes.subarray(taken);
      }
      if (next.filled < next.target.length) return;
      this.#waiting.shift();
      next.resolve();
    }
  }
}
