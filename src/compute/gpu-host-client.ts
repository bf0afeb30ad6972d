import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import type { AdapterSearch } from './adapter-search';
import { ByteChannel } from './byte-channel';
import type { Gpu } from './gpu';
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

/** Milliseconds in which a process must open its GPU, and in which it must answer later on. */
const PATIENCE = { open: 15_000, answer: 60_000 };
/** Milliseconds in which it may end by itself. */
const GRACE = 2000;

/** A GPU in a process of its own, or the sentence that says why there is none. */
export type HostedGpu =
  | { readonly gpu: Gpu; readonly search: AdapterSearch & { readonly found: true }; readonly pid: number }
  | { readonly reason: string };

/**
 * Starts a process that has a GPU. When it ends or does not answer, everything that waits for it rejects, and so does all that comes after.
 * @param node an executable of Node.js
 * @param script the bundle of gpu-host.ts
 */
export async function hostedGpu(node: string, script: string, env: NodeJS.ProcessEnv, patience = PATIENCE): Promise<HostedGpu> {
  const child = spawn(node, [script], { env, cwd: dirname(script), stdio: ['pipe', 'pipe', 'ignore', 'pipe'], windowsHide: true });
  // In between, as a request that cannot be written would reject in a place that nobody can await.
  const requests = new PassThrough();
  requests.pipe(child.stdin!);
  const connection = createMessageConnection(new StreamMessageReader(child.stdout!), new StreamMessageWriter(requests));
  const bytes = new ByteChannel(child.stdio[BYTES] as Duplex);
  child.stdin!.on('error', () => {});
  let end: Error | null = null;
  let reject: (error: Error) => void = () => {};
  const ended = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  ended.catch(() => {});
  const stop = (how: string): void => {
    if (end !== null) return;
    end = new Error(`The process that has the GPU ${how}.`);
    reject(end);
    bytes.close();
    connection.dispose();
    child.kill('SIGKILL');
  };
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      stop(`ended with ${signal ?? `exit code ${code}`}`);
      resolve();
    });
    child.once('error', (error) => {
      stop(`does not start (${error.message})`);
      resolve();
    });
  });
  connection.onError(([error]) => stop(`speaks nonsense (${error.message})`));
  connection.listen();

  /** Of the process, which is ended when it takes too long. */
  async function answer<T>(work: () => Promise<T>, milliseconds = patience.answer): Promise<T> {
    if (end !== null) throw end;
    const timer = setTimeout(() => stop(`did not answer in ${milliseconds / 1000} seconds`), milliseconds);
    try {
      return await Promise.race([work(), ended]);
    } finally {
      clearTimeout(timer);
    }
  }
  const floats = (x: Float32Array, count: number): Promise<void> => bytes.write(x.subarray(0, count));
  /** What brings bytes back comes one at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }
  const release = (id: number): void => {
    if (end === null) void connection.sendNotification(releaseNotification, { id });
  };

  const gpu: Gpu = {
    async openGram(d) {
      const { id } = await answer(() => connection.sendRequest(openGramRequest, { d }));
      return {
        async add(y, count) {
          await answer(() => Promise.all([connection.sendRequest(addToGramRequest, { id, count }), floats(y, count * d)]));
        },
        take: (each) =>
          inTurn(() =>
            answer(async () => {
              let taken: Promise<void> = Promise.resolve();
              const listener = connection.onNotification(bandNotification, (shape) => {
                // Asked for at once, as the next band's bytes follow.
                const coming = bytes.read(2 * shape.rows * shape.stride * Uint32Array.BYTES_PER_ELEMENT);
                taken = Promise.all([taken, coming]).then(([, sums]) => each({ ...shape, sums: new Uint32Array(sums) }));
                taken.catch(() => {});
              });
              try {
                await connection.sendRequest(takeGramRequest, { id });
                await taken;
              } finally {
                listener.dispose();
              }
            }),
          ),
        release: () => release(id),
      };
    },
    async openRows(rows, d) {
      const opened = await answer(() => connection.sendRequest(openRowsRequest, { rows, d }));
      if (opened === null) return null;
      const { id } = opened;
      return {
        async add(y, count) {
          await answer(() => Promise.all([connection.sendRequest(addRowsRequest, { id, count }), floats(y, count * d)]));
        },
        applyGram: (x, vectors) =>
          inTurn(() =>
            answer(async () => {
              const [length] = await Promise.all([connection.sendRequest(applyGramRequest, { id, vectors }), floats(x, vectors * d)]);
              return new Float32Array(await bytes.read(length * Float32Array.BYTES_PER_ELEMENT));
            }),
          ),
        release: () => release(id),
      };
    },
    async close() {
      if (end === null) {
        const force = setTimeout(() => child.kill('SIGKILL'), GRACE);
        requests.end();
        await exited;
        clearTimeout(force);
      }
    },
  };

  try {
    const search = await answer(() => connection.sendRequest(openRequest), patience.open);
    if (search.found) return { gpu, search, pid: child.pid! };
    await gpu.close();
    return { reason: search.reason };
  } catch (error) {
    stop('was not needed any more');
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
