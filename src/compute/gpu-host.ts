/** Entry of a process that has the GPU for an engine that cannot have it. It ends when its standard input does. */
import { Socket } from 'node:net';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { ByteChannel } from './byte-channel';
import { openWebGpu } from './dawn';
import type { Gpu, GpuGram, GpuRows } from './gpu';
import {
  addRowsRequest,
  addToGramRequest,
  applyGramRequest,
  BYTES,
  bandNotification,
  openGramRequest,
  openRequest,
  openRowsRequest,
  releaseNotification,
  takeGramRequest,
} from './gpu-host-protocol';

const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
const bytes = new ByteChannel(new Socket({ fd: BYTES }));
const grams = new Map<number, { readonly gram: GpuGram; readonly d: number }>();
const rowSets = new Map<number, { readonly held: GpuRows; readonly d: number }>();
let gpu: Gpu | null = null;
let last = 0;

const floats = async (count: number): Promise<Float32Array> => new Float32Array(await bytes.read(count * Float32Array.BYTES_PER_ELEMENT));

function numbered<T>(all: ReadonlyMap<number, T>, id: number): T {
  const one = all.get(id);
  if (one === undefined) throw new Error('There is no such thing.');
  return one;
}

function opened(): Gpu {
  if (gpu === null) throw new Error('The GPU is not open.');
  return gpu;
}

connection.onRequest(openRequest, async () => {
  const search = await openWebGpu();
  if (search.found) gpu = await (await import('./gpu-device')).localGpu();
  return search;
});

connection.onRequest(openGramRequest, async ({ d }) => {
  const id = ++last;
  grams.set(id, { gram: await opened().openGram(d), d });
  return { id };
});
connection.onRequest(addToGramRequest, async ({ id, count }) => {
  const { gram, d } = numbered(grams, id);
  await gram.add(await floats(count * d), count);
  return null;
});
connection.onRequest(takeGramRequest, async ({ id }) => {
  const sent: Promise<void>[] = [];
  await numbered(grams, id).gram.take(({ sums, ...shape }) => {
    sent.push(connection.sendNotification(bandNotification, shape), bytes.write(sums.slice()));
  });
  await Promise.all(sent);
  return null;
});

connection.onRequest(openRowsRequest, async ({ rows, d }) => {
  const held = await opened().openRows(rows, d);
  if (held === null) return null;
  const id = ++last;
  rowSets.set(id, { held, d });
  return { id };
});
connection.onRequest(addRowsRequest, async ({ id, count }) => {
  const { held, d } = numbered(rowSets, id);
  await held.add(await floats(count * d), count);
  return null;
});
connection.onRequest(applyGramRequest, async ({ id, vectors }) => {
  const { held, d } = numbered(rowSets, id);
  const images = await held.applyGram(await floats(vectors * d), vectors);
  await bytes.write(images);
  return images.length;
});

connection.onNotification(releaseNotification, ({ id }) => {
  grams.get(id)?.gram.release();
  rowSets.get(id)?.held.release();
  grams.delete(id);
  rowSets.delete(id);
});
connection.onClose(() => process.exit(0));
connection.listen();
