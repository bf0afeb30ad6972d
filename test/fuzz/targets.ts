import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { serveMcp } from '../../src/cli/mcp-server';
import { sound } from '../../src/engine/messages';
import { EngineError } from '../../src/engine/protocol';
import type { ByteSource } from '../../src/formats/bytes/byte-source';
import { entryStream, readZip } from '../../src/formats/bytes/zip';
import { FormatError } from '../../src/formats/format-error';
import { parseBoundedJson } from '../../src/formats/json/bounded-json';
import type { MatrixSource } from '../../src/formats/matrix-source';
import { openTensorFile } from '../../src/formats/open';
import { FORMATS, type FormatRow } from '../../src/formats/registry';
import { unpickle } from '../../src/formats/torch/pickle';
import { findTensors } from '../../src/formats/torch/torch-tensors';
import { parseCompareHostMessage, parseComparePanelMessage } from '../../webview/compare/protocol';
import { parseHostMessage, parsePanelMessage } from '../../webview/protocol';
import { parseRunHostMessage, parseRunPanelMessage } from '../../webview/run/protocol';
import { mutate, mutateJson } from './mutate';

/** A sound input, and what lies beside it where it is a file among others. */
export interface Seed {
  /** For files the path in test/fixtures. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Target {
  readonly name: string;
  readonly seeds: readonly Seed[];
  readonly mutate: typeof mutate;
  /** Resolves when the input was read or refused in a sentence; rejects when neither. */
  run(bytes: Uint8Array, seed: string): Promise<void>;
}

const LARGEST_SEED = 32 * 1024;
/** Elements of one matrix that are read: a view with stride 0 can be of any size. */
const MOST_ELEMENTS = 1 << 16;
const MOST_MATRICES = 50;

/** @param fixtures the folder test/fixtures */
export function targets(fixtures: string): Target[] {
  const files = filesIn(join(fixtures, 'formats')).map((path) => relative(fixtures, path));
  const load = (name: string): Seed => ({ name, bytes: new Uint8Array(readFileSync(join(fixtures, name))) });
  const ending = (...endings: readonly string[]) => files.filter((name) => endings.some((end) => name.endsWith(end))).map(load);
  return [
    ...FORMATS.map((format) => fileTarget(format, fixtures, files, load)),
    { name: 'pickle', seeds: ending('.pkl', '.metadata'), mutate, run: refusing(runPickle) },
    { name: 'zip', seeds: ending('.npz', '.pt', '.keras'), mutate, run: refusing(runZip) },
    {
      name: 'json-header',
      seeds: ending('.index.json').concat(
        jsonSeeds(['{"__metadata__":{"a":"b"},"t":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}']),
      ),
      mutate: mutateJson,
      run: refusing(runJson),
    },
    { name: 'webview', seeds: jsonSeeds(WEBVIEW_MESSAGES), mutate: mutateJson, run: runWebview },
    { name: 'rpc', seeds: jsonSeeds(RPC_PARAMS.map(({ params }) => params)), mutate: mutateJson, run: runRpc },
    { name: 'mcp', seeds: jsonSeeds(MCP_LINES), mutate: mutateJson, run: runMcp },
  ];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= LARGEST_SEED && !/make\.py$|expected\.json$|\.c$/.test(path))
    .sort();
}

function jsonSeeds(texts: readonly string[]): Seed[] {
  return texts.map((text, i) => ({ name: `message-${i}`, bytes: new TextEncoder().encode(text) }));
}

function refusing(run: (bytes: Uint8Array, seed: string) => Promise<void>): Target['run'] {
  return async (bytes, seed) => {
    try {
      await run(bytes, seed);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      if (!/^[\s\S]{8,4000}[.)]$/.test(error.detail) || /undefined|NaN|\[object/.test(error.detail.replace(/"[\s\S]*"/, ''))) {
        throw new Error(`no sentence: ${error.detail.slice(0, 500)}`);
      }
    }
  };
}

/** Files in memory that are opened and read as the product does, one of them changed. */
function fileTarget(format: FormatRow, fixtures: string, files: readonly string[], load: (name: string) => Seed): Target {
  const endings = [...format.extensions, ...(format.sharedExtensions ?? [])];
  /** Folders that the format opens as one. */
  const roots = [...new Set(files.map(dirname))].filter((folder) => format.folder?.(new Set(readdirSync(join(fixtures, folder)))));
  const rootOf = (name: string): string | undefined => roots.find((root) => name.startsWith(`${root}/`));
  const seeds = files.filter((name) => endings.some((end) => name.endsWith(end)) || rootOf(name) !== undefined).map(load);
  return {
    name: format.id,
    seeds,
    mutate,
    async run(bytes, seed) {
      const root = rootOf(seed) ?? dirname(seed);
      const contentOf = (path: string): Uint8Array | null => {
        if (path === seed) return bytes;
        return files.includes(path) ? load(path).bytes : null;
      };
      const open: ByteSource[] = [];
      const openBytes = async (path: string): Promise<ByteSource> => {
        const content = contentOf(path);
        if (content === null) throw new FormatError(path, null, 'there is no such file.');
        if (content.length === 0) throw new FormatError(path, 0, 'the file is empty.');
        const source = heldBytes(path, content, () => open.splice(open.indexOf(source), 1));
        open.push(source);
        return source;
      };
      const listFolder = async (path: string): Promise<readonly string[] | null> => {
        const inside = files.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1).split('/')[0]!);
        return inside.length === 0 ? null : [...new Set(inside)];
      };
      const work = async (): Promise<void> => {
        const file = await openTensorFile(rootOf(seed) === undefined ? seed : root, { openBytes, listFolder });
        try {
          for (const { name, matrix } of file.tensors.slice(0, MOST_MATRICES)) {
            if (matrix !== null) await refusing(() => readMatrix(file.matrix(name), matrix))(bytes, seed);
          }
        } finally {
          await file.close();
        }
      };
      await refusing(work)(bytes, seed);
      if (open.length > 0) throw new Error(`left open: ${open.map(({ path }) => basename(path)).join(', ')}`);
    },
  };
}

function heldBytes(path: string, bytes: Uint8Array, closed: () => void): ByteSource {
  let isOpen = true;
  const readSync = (offset: number, target: Uint8Array): void => {
    if (!isOpen) throw new Error(`${path} is read after it was closed`);
    if (!Number.isSafeInteger(offset) || offset < 0) throw new Error(`read at ${offset}`);
    if (offset + target.length > bytes.length) throw new FormatError(path, bytes.length, 'the file ends here.');
    target.set(bytes.subarray(offset, offset + target.length));
  };
  return {
    path,
    size: bytes.length,
    fingerprint: 'held',
    readSync,
    read: async (offset, target) => readSync(offset, target),
    async close() {
      if (isOpen) closed();
      isOpen = false;
    },
  };
}

/** Streams it, and where rows can be had at random compares some with what was streamed. */
async function readMatrix(matrix: MatrixSource, told: { readonly rows: number | null; readonly columns: number }): Promise<void> {
  const { rows, columns } = matrix;
  if (rows !== told.rows || columns !== told.columns)
    throw new Error(`${told.rows} x ${told.columns} was promised, ${rows} x ${columns} given`);
  if (!Number.isSafeInteger(columns) || columns < 1 || (rows !== null && (!Number.isSafeInteger(rows) || rows < 0))) {
    throw new Error(`a matrix of ${rows} x ${columns}`);
  }
  const perBlock = Math.max(1, Math.min(7, Math.floor(MOST_ELEMENTS / columns)));
  if (columns > MOST_ELEMENTS * 16) return;
  let seen = 0;
  let last: Float64Array = new Float64Array();
  for await (const { first, count, values } of matrix.stream(perBlock)) {
    if (first !== seen || count < 1 || count > perBlock || values.length < count * columns)
      throw new Error(`a block of ${count} rows at ${first}, after ${seen}`);
    seen += count;
    last = values.slice((count - 1) * columns, count * columns);
    if (seen * columns > MOST_ELEMENTS) break;
  }
  if (rows !== null && seen * columns <= MOST_ELEMENTS && seen !== rows) throw new Error(`${seen} of ${rows} rows were delivered`);
  if (seen === 0 || matrix.access === 'sequential') return;
  const again = new Float64Array(columns);
  await matrix.read(seen - 1, 1, again);
  if (!again.every((value, i) => Object.is(value, last[i]))) throw new Error(`row ${seen - 1} differs between stream and read`);
}

async function runPickle(bytes: Uint8Array): Promise<void> {
  findTensors(unpickle(bytes, '/memory', 0).value, '/memory');
}

async function runZip(bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  const source = heldBytes('/memory', bytes, () => {});
  for (const entry of await readZip(source)) {
    if (entry.offset < 0 || entry.offset + entry.compressedSize > bytes.length) throw new Error('a member outside the file');
    await refusing(async () => {
      let size = 0;
      for await (const chunk of entryStream(source, entry).chunks()) size += chunk.length;
      if (size !== entry.size) throw new Error(`${size} of ${entry.size} bytes`);
    })(bytes, '');
  }
}

async function runJson(bytes: Uint8Array): Promise<void> {
  parseBoundedJson(bytes, '/memory', 'the header', 0);
  const file = new Uint8Array(8 + bytes.length + 24);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  const opened = await openTensorFile('/m.safetensors', {
    openBytes: async (path) => heldBytes(path, file, () => {}),
    listFolder: async () => null,
  });
  for (const { name, matrix } of opened.tensors) if (matrix !== null) await readMatrix(opened.matrix(name), matrix);
}

const WEBVIEW_MESSAGES = [
  '{"type":"file","file":{"path":"/a.npy","format":"npy","bytes":8,"tensors":[],"warnings":[]},"selected":null}',
  '{"type":"progress","tensor":"","fraction":0.5,"stage":"Reading"}',
  '{"type":"report","tensor":"","report":{"schema":"sigma-report-1","spectrum":{"eigenvalues":[1,2,"NaN"]}},"final":true}',
  '{"type":"watched","run":{"level":"watch","sentence":"It is watched."}}',
  '{"type":"failure","tensor":null,"message":"x","cancelled":false}',
  '{"type":"ready","selected":null}',
  '{"type":"copy","text":"x"}',
  '{"type":"save","file":{"name":"x.csv","mime":"text/csv","text":"1,2"}}',
];

async function runWebview(bytes: Uint8Array): Promise<void> {
  const message = parsedOrNull(bytes);
  const parsers = [
    parseHostMessage,
    parsePanelMessage,
    parseRunHostMessage,
    parseRunPanelMessage,
    parseCompareHostMessage,
    parseComparePanelMessage,
  ];
  for (const parse of parsers) parse(message);
}

const OPTIONS = JSON.stringify(DEFAULT_OPTIONS);
const RPC_PARAMS = [
  { kind: 'inspect', params: '{"path":"/runs/a.npy"}' },
  { kind: 'analyze', params: `{"path":"/runs/a.npy","tensor":"t","options":${OPTIONS},"priority":"visible","token":1}` },
  {
    kind: 'compare',
    params: `{"a":{"path":"/a","tensor":""},"b":{"path":"/b","tensor":""},"options":${OPTIONS},"priority":"visible","token":2}`,
  },
  { kind: 'run', params: `{"path":"/runs","options":${OPTIONS},"priority":"background","token":3}` },
  {
    kind: 'watchRuns',
    params: `{"runs":[{"path":"/runs","baseline":null,"controls":["/b"],"options":${OPTIONS}}],"history":"/h","paused":false,"quiet":1}`,
  },
] as const;

/** What the engine is asked: taken, or refused in a sentence. */
async function runRpc(bytes: Uint8Array): Promise<void> {
  const params = parsedOrNull(bytes);
  for (const { kind } of RPC_PARAMS) {
    try {
      sound(kind, params);
    } catch (error) {
      if (!(error instanceof EngineError && /^The engine was asked what it does not understand \(.+\)\.$/s.test(error.message)))
        throw error;
    }
  }
}

const MCP_LINES = [
  '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
  '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}',
  '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get_model_health","arguments":{"path":"/root/a.npy"}}}',
  '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"compare_model_health","arguments":{"paths":["/root/a.npy","/root/b.npy"]}}}',
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
];

/** One server for each input: it must answer in JSON lines and end when its input does. Nothing can be read, as the only root does not exist. */
async function runMcp(bytes: Uint8Array): Promise<void> {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const refused = async (): Promise<never> => {
    throw new Error('nothing outside of the roots may be read');
  };
  const source = new Proxy({}, { get: () => refused }) as Parameters<typeof serveMcp>[0]['source'];
  const served = serveMcp({ source, roots: ['/nowhere'], stdin, stdout });
  stdin.write(`${MCP_LINES[0]}\n`);
  stdin.write(bytes);
  stdin.write('\n');
  for (let i = 0; i < 3; i++) await setImmediate();
  stdin.end();
  await served;
  const answers = String(stdout.read() ?? '').split('\n');
  for (const line of answers) if (line !== '') JSON.parse(line);
}

function parsedOrNull(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
