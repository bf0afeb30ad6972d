/** Pickles put together by hand, for those that no honest program writes. */
export type Piece = number | string | Uint8Array | readonly Piece[];

/** Numbers are bytes, strings are ASCII. */
export function assemble(...pieces: Piece[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (piece: Piece): void => {
    if (typeof piece === 'number') parts.push(Uint8Array.of(piece));
    else if (typeof piece === 'string') parts.push(Buffer.from(piece, 'latin1'));
    else if (piece instanceof Uint8Array) parts.push(piece);
    else for (const inner of piece) add(inner);
  };
  add(pieces);
  return new Uint8Array(Buffer.concat(parts));
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

export const STOP = '.';
export const global = (module: string, name: string): Piece => `c${module}\n${name}\n`;
export const text = (value: string): Piece => ['X', uint32(value.length), value];
export const int = (value: number): Piece => ['J', uint32(value)];
export const tuple = (...items: Piece[]): Piece => ['(', items, 't'];
export const list = (...items: Piece[]): Piece => ['(', items, 'l'];
export const dict = (...items: Piece[]): Piece => ['(', items, 'd'];
export const call = (callee: Piece, args: Piece): Piece => [callee, args, 'R'];

export function storage(key: string, elements: number, type = 'FloatStorage', part: Piece = 'N'): Piece {
  return [tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(elements), part), 'Q'];
}

export function tensor(from: Piece, offset: number, shape: readonly number[], strides: readonly number[]): Piece {
  const args = tuple(from, int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), 0x89, 'N');
  return call(global('torch._utils', '_rebuild_tensor_v2'), args);
}

/** A file in the layout before PyTorch 1.6 around an object and its storages of float32. */
export function legacyFile(object: Piece, storages: Readonly<Record<string, readonly number[]>> = {}): Uint8Array {
  const magic = [0x8a, 10, Uint8Array.of(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19), STOP];
  const data = Object.values(storages).map((values) => [uint64(BigInt(values.length)), new Uint8Array(Float32Array.from(values).buffer)]);
  return assemble(
    [0x80, 2, magic],
    [0x80, 2, int(1001), STOP],
    [0x80, 2, '}', STOP],
    [0x80, 2, object, STOP],
    [0x80, 2, list(...Object.keys(storages).map(text)), STOP],
    data,
  );
}
