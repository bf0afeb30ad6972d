import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { concat, zip } from '../formats/bytes/zip-writer';

/** Zeros of any length that take no room on the disk. Linux and macOS. */
function writeSparse(path: string, head: Uint8Array, hole: number, tail: Uint8Array = new Uint8Array()): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, head, 0, head.length, 0);
    ftruncateSync(file, head.length + hole + tail.length);
    writeSync(file, tail, 0, tail.length, head.length + hole);
  } finally {
    closeSync(file);
  }
}

export function sparseNpy(path: string, rows: number, columns: number): void {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = `${description.padEnd(Math.ceil((description.length + 11) / 64) * 64 - 11)}\n`;
  const magic = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8);
  writeSparse(path, concat([magic, Buffer.from(header)]), 4 * rows * columns);
}

/** `tensors` float32 tensors of one shape, `layers.0.weight` and so on. */
export function sparseSafetensors(path: string, tensors: number, rows: number, columns: number): void {
  const bytes = 4 * rows * columns;
  const entries = Array.from({ length: tensors }, (_, i) => {
    return [`layers.${i}.weight`, { dtype: 'F32', shape: [rows, columns], data_offsets: [i * bytes, (i + 1) * bytes] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  writeSparse(path, concat([new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer), header]), tensors * bytes);
}

/** What `torch.save({'weight': ...})` writes, a ZIP archive with ZIP64 records. */
export function sparseTorch(path: string, rows: number, columns: number): void {
  const bytes = 4 * rows * columns;
  const members = [
    { name: 'archive/data.pkl', content: pickleOf(rows, columns) },
    { name: 'archive/version', content: Buffer.from('3\n') },
  ];
  const data = { name: 'archive/data/0', content: new Uint8Array(), wide: true, lies: { size: bytes, compressedSize: bytes } };
  const short = Buffer.from(zip([...members, data], { wide: true }));
  const directory = short.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'));
  const end64 = short.indexOf(Buffer.from('PK\u0006\u0006', 'latin1'));
  const archive = zip([...members, data], {
    wide: true,
    lies: { directory: directory + bytes, end64: end64 + bytes, length: end64 - directory },
  });
  writeSparse(path, archive.subarray(0, directory), bytes, archive.subarray(directory));
}

/** Protocol 2: one tensor over the whole of storage 0. */
function pickleOf(rows: number, columns: number): Uint8Array {
  const text = (value: string) => concat([Uint8Array.of(0x58, value.length, 0, 0, 0), Buffer.from(value)]);
  const integer = (value: number) => concat([Uint8Array.of(0x8a, 8), new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)]);
  const global = (name: string) => Buffer.from(`c${name}\n`);
  const code = (...codes: string[]) => Buffer.from(codes.join(''), 'latin1');
  return concat([
    code('\x80\x02', '}'),
    text('weight'),
    global('torch._utils\n_rebuild_tensor_v2'),
    code('(', '('),
    ...[text('storage'), global('torch\nFloatStorage'), text('0'), text('cpu'), integer(rows * columns)],
    code('t', 'Q'),
    integer(0),
    ...[integer(rows), integer(columns), code('\x86')],
    ...[integer(columns), integer(1), code('\x86')],
    code('\x89'),
    global('collections\nOrderedDict'),
    code(')', 'R', 't', 'R', 's', '.'),
  ]);
}
