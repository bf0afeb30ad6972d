// Run in a process of its own by pickle-costs.test.ts: what each hostile pickle costs, as one line of JSON.
import { FormatError } from '../../src/formats/format-error';
import { unpickle } from '../../src/formats/torch/pickle';
import { findTensors } from '../../src/formats/torch/torch-tensors';

const MILLION = 1_000_000;
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const times = (piece: string, count: number): string => piece.repeat(count);
const length = (opcode: string, bytes: number): string => `${opcode}${times('\xff', bytes)}`;

const FAMILIES: Readonly<Record<string, () => string>> = {
  'nested lists': () => `${times(']', MILLION)}${times('a', MILLION - 1)}.`,
  'nested tuples': () => `)${times('\x85', MILLION)}.`,
  'nested groups': () => `${times('(', MILLION)}${times('t', MILLION)}.`,
  'nested dicts': () => `${times('}K\x01', MILLION)}}${times('s', MILLION)}.`,
  'nested calls': () => `ca\nb\n${times(')R', MILLION)}.`,
  'calls by class (inst)': () => `${times('(ios\nsystem\n', MILLION)}.`,
  'calls by class (obj)': () => `${times('(cos\nsystem\no', MILLION)}.`,
  'calls by newobj_ex': () => `${times('cos\nsystem\n)}\x92', MILLION)}.`,
  'state given again and again': () => `cos\nsystem\n)R${times('Nb', MILLION)}.`,
  'persistent ids': () => `N${times('Q', MILLION)}.`,
  'one value doubled': () => `N${times('2\x86', MILLION)}.`,
  'one value on a pile': () => `N${times('2', 16 * MILLION)}.`,
  'memo entries': () => `N${times('\x94', 5 * MILLION)}.`,
  'billions of laughs': () => `]${times('q\x002(h\x00h\x00h\x00h\x00l', MILLION / 10)}.`,
  'a list in itself': () => `]${times('q\0h\0a', MILLION / 5)}.`,
  'extension codes': () => '\x82\x01.',
  'a whole number of 4 GB': () => length('\x8b', 4),
  'text of 2^64 bytes': () => length('\x8d', 8),
  'bytes of 2^64 bytes': () => length('\x8e', 8),
  'a frame of 2^64 bytes': () => length('\x95', 8),
};

const family = process.argv[2];
if (family === undefined) console.log(JSON.stringify(Object.keys(FAMILIES)));
else {
  const bytes = ascii(FAMILIES[family]!());
  const before = process.resourceUsage();
  const rss = process.memoryUsage.rss();
  let refusal: string | null = null;
  try {
    findTensors(unpickle(bytes, '/memory', 0).value, '/memory');
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    refusal = error.detail;
  }
  const after = process.resourceUsage();
  const ms = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1000;
  console.log(JSON.stringify({ refusal, ms, mebibytes: Math.max(0, after.maxRSS / 1024 - Math.max(rss / 2 ** 20, before.maxRSS / 1024)) }));
}
