/** The bytes end before a value does, or are not of the encoding. */
export class FlatbufferError extends Error {}

const MOST_TABLES = 200_000;

/**
 * One table of a FlatBuffer, read field by field where it lies: nothing is built that is not asked for, and no offset is believed.
 * Offsets point forwards only, so that nothing holds itself. Every method throws FlatbufferError outside of the bytes.
 * https://flatbuffers.dev/internals/
 */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly at: number,
  ) {}

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return new FlatTable(
      view,
      within(() => view.getUint32(0, true)),
    );
  }

  uint8(field: number, absent = 0): number {
    return this.value(field, absent, (at) => this.view.getUint8(at));
  }

  int16(field: number, absent = 0): number {
    return this.value(field, absent, (at) => this.view.getInt16(at, true));
  }

  int32(field: number, absent = 0): number {
    return this.value(field, absent, (at) => this.view.getInt32(at, true));
  }

  int64(field: number, absent = 0): number {
    return this.value(field, absent, (at) => wide(this.view, at));
  }

  text(field: number): string {
    return this.value(field, '', (at) => {
      const start = this.target(at);
      const length = this.view.getUint32(start, true);
      if (length > this.view.byteLength - start - 4) throw new FlatbufferError('a text is longer than what is left');
      return Buffer.from(this.view.buffer, this.view.byteOffset + start + 4, length).toString('utf8');
    });
  }

  /** Null where the table has none. */
  table(field: number): FlatTable | null {
    return this.value(field, null, (at) => new FlatTable(this.view, this.target(at)));
  }

  /** The tables of a vector. */
  tables(field: number): FlatTable[] {
    const { start, count } = this.vector(field, 4);
    if (count > MOST_TABLES) throw new FlatbufferError('a list is too long');
    return Array.from({ length: count }, (_, i) => within(() => new FlatTable(this.view, this.target(start + 4 * i))));
  }

  /** The structs of a vector, of so many bytes each: gives element `index`'s 64-bit integer at byte `at`. */
  structs(
    field: number,
    bytes: number,
  ): { readonly count: number; int64(index: number, at: number): number; int32(index: number, at: number): number } {
    const { start, count } = this.vector(field, bytes);
    return {
      count,
      int64: (index, at) => within(() => wide(this.view, start + index * bytes + at)),
      int32: (index, at) => within(() => this.view.getInt32(start + index * bytes + at, true)),
    };
  }

  private vector(field: number, bytes: number): { start: number; count: number } {
    return this.value(field, { start: 0, count: 0 }, (at) => {
      const start = this.target(at);
      const count = this.view.getUint32(start, true);
      if (count * bytes > this.view.byteLength - start - 4) throw new FlatbufferError('a list is longer than what is left');
      return { start: start + 4, count };
    });
  }

  private target(at: number): number {
    const offset = this.view.getUint32(at, true);
    if (offset === 0) throw new FlatbufferError('an offset points at itself');
    return at + offset;
  }

  /** The table's own list of fields says where each lies; 0, or none at all, is a field that is absent. */
  private value<T>(field: number, absent: T, read: (at: number) => T): T {
    return within(() => {
      const fields = this.at - this.view.getInt32(this.at, true);
      const slot = 4 + 2 * field;
      const offset = slot + 2 <= this.view.getUint16(fields, true) ? this.view.getUint16(fields + slot, true) : 0;
      return offset === 0 ? absent : read(this.at + offset);
    });
  }
}

/** Rounded where it has more than 53 bits. */
function wide(view: DataView, at: number): number {
  return Number(view.getBigInt64(at, true));
}

/** A view refuses what lies outside of it. */
function within<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new FlatbufferError('it refers to bytes that are not there');
    throw error;
  }
}
