/** Compact types of a field's value. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
const Type = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, struct: 12 } as const;

const DEEPEST = 64;

/** The bytes end before the value does, or are not of the protocol. */
export class ThriftError extends Error {}

/**
 * Reads Thrift's compact protocol field by field: nothing is built that the caller does not ask for, and no length is believed.
 * Every method throws ThriftError at the end of the bytes.
 */
export class ThriftReader {
  private depth = 0;

  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  /** Reads a struct. `field` reads the value of the field with this number and returns true, or returns false without touching it. */
  struct(field: (id: number, type: number) => boolean): void {
    if (++this.depth > DEEPEST) throw new ThriftError('structures are nested too deeply');
    let id = 0;
    for (;;) {
      const head = this.byte();
      const type = head & 0x0f;
      if (type === Type.stop) break;
      id = head >> 4 === 0 ? this.integer() : id + (head >> 4);
      if (!field(id, type)) this.skip(type);
    }
    this.depth--;
  }

  /** Reads a list, one `element` after another. Every element takes at least one byte. */
  list(element: (index: number) => void): void {
    const head = this.byte();
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    if (size > this.bytes.length - this.at) throw new ThriftError('a list is longer than what is left');
    for (let i = 0; i < size; i++) element(i);
  }

  /** A whole number of up to 64 bits, rounded where it has more than 53. */
  integer(): number {
    const zigzag = this.varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  text(): string {
    return Buffer.from(this.binary()).toString('utf8');
  }

  private binary(): Uint8Array {
    const length = this.varint();
    if (length > this.bytes.length - this.at) throw new ThriftError('a text is longer than what is left');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private skip(type: number): void {
    switch (type) {
      case Type.true:
      case Type.false:
        return;
      case Type.byte:
        this.byte();
        return;
      case Type.i16:
      case Type.i32:
      case Type.i64:
        this.varint();
        return;
      case Type.double:
        if (this.bytes.length - this.at < 8) throw new ThriftError('the bytes end in a number');
        this.at += 8;
        return;
      case Type.binary:
        this.binary();
        return;
      case Type.list:
      case Type.set: {
        const type = this.bytes[this.at]! & 0x0f;
        // In a list a truth value takes a byte.
        this.list(() => this.skip(type === Type.true || type === Type.false ? Type.byte : type));
        return;
      }
      case Type.struct:
        this.struct(() => false);
        return;
      default:
        throw new ThriftError(`values of type ${type} are not expected`);
    }
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new ThriftError('the bytes end too soon');
    return this.bytes[this.at++]!;
  }

  private varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 128;
    }
    throw new ThriftError('a number has more than 64 bits');
  }
}
